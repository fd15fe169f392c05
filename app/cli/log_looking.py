"""log show, check: looking at this node's log."""

import click

from app.cli import told

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("show", short_help="Show size, root, public keys, latest statements.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@_JSON
def log_show(limit: int, as_json: bool) -> int:
    """Show origin, size, root, every public key, and the latest statements."""
    from app.db.engine import transaction
    from app.services import catalogue, items, keys_of_log

    with told.portal() as portal, transaction(portal.engine) as session:
        head = portal.log.checkpoint()
        keys = keys_of_log.public_keys(portal.log)
        rows = [items.statement_item(row) for row in catalogue.statements(session, limit=limit)]
        found = {
            "origin": portal.origin,
            "size": head.size,
            "root": head.root.hex(),
            "keys": keys,
            "checkpoint": head.raw.decode(),
            "items": rows,
        }
    lines = [f"{portal.origin}  {head.size} statements, not witnessed", f"root {head.root.hex()}"]
    lines += [f"{key['role']:<8} {key['vkey']}" for key in keys]
    lines += [
        f"{item['index']:>6}  {item['time']}  {item['type']:<9} {item.get('dataset', item['agency'])}"
        f"{' v' + str(item['version']) if 'version' in item else ''}"
        for item in rows
    ]
    told.give(found, as_json=as_json, text="\n".join(lines))
    return told.OK


@click.command("check", short_help="Derive the whole tree again and compare.")
@_JSON
def log_check(as_json: bool) -> int:
    """Derive the whole tree again from the entries, and compare it with tiles and checkpoint."""
    from archive.errors import ArchiveError

    with told.portal() as portal:
        try:
            head = portal.log.check_log()
        except ArchiveError as wrong:
            told.tell(wrong)
            return told.FAILED
    told.give(
        {"size": head.size, "root": head.root.hex()},
        as_json=as_json,
        text=f"ok: {head.size} statements, root {head.root.hex()}",
    )
    return told.OK
