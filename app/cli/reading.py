"""list, show, search: looking at a node."""

import click

from app.cli import told

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.option("--agency", metavar="SLUG")
@click.option("--limit", type=click.IntRange(1, 100), default=100, show_default=True)
@click.option("--after", default="", help="Datasets whose name comes after this one.")
@_JSON
def list_command(agency: str | None, limit: int, after: str, as_json: bool) -> int:
    """List the published datasets by name."""
    from app.db.engine import transaction
    from app.services import catalogue, items

    with told.portal() as portal, transaction(portal.engine) as session:
        rows = catalogue.datasets(session, agency=agency, after=after, limit=limit)
        found = [items.dataset_item(row, host=portal.host, base=portal.settings.base_url) for row in rows]
        total = catalogue.count_datasets(session, agency)
    text = "\n".join(
        f"{row.name:<32} v{row.latest_version or '-'}  {row.state:<10} {told.words(row.title)}" for row in rows
    )
    told.give(
        {"items": found, "total": total}, as_json=as_json, text=text or "nothing is published yet → ishibumi publish"
    )
    return told.OK


@click.command()
@click.argument("name")
@_JSON
def show_command(name: str, as_json: bool) -> int:
    """Show a dataset with every release: files, hashes, log indices."""
    from app.db.engine import transaction
    from app.services import catalogue, items
    from app.services.doubting import Doubts
    from app.services.drafts import files_of

    with told.portal() as portal, transaction(portal.engine) as session:
        base = portal.settings.base_url
        dataset = catalogue.dataset(session, name)
        doubts = Doubts(portal.log_keys.ring(), portal.log)
        doubtful = bool(doubts.latest_of(session, [name]))
        found = items.dataset_item(dataset, host=portal.host, base=base, doubtful=doubtful)
        releases = [
            items.release_item(release, files_of(session, release.id), base=base, doubtful=doubts.is_doubtful(release))
            for release in catalogue.releases(session, name)
        ]
    lines = [f"{told.words(dataset.title)}  ({found['identifier']}, {dataset.licence})", found["url"]]
    for release in releases:
        lines.append(
            f"v{release['version']}  {release['published_at']}  {release['state']}  log {release['log_index']}"
            + ("  doubtful" if release["doubtful"] else "")
            + ("  restricted" if release["access"] == "restricted" else "")
        )
        lines += [
            f"    sha256:{file['sha256']}  {told.size(file['bytes'])}  {file['path']}" for file in release["files"]
        ]
    told.give({**found, "items": releases}, as_json=as_json, text="\n".join(lines))
    return told.OK


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--sort", type=click.Choice(["relevance", "newest"]), default="relevance", show_default=True)
@click.option("--cursor", default="", help="From the answer before.")
@_JSON
def search_command(query: tuple[str, ...], limit: int, sort: str, cursor: str, as_json: bool) -> int:
    """Search in titles, columns, rows and text: words, "phrases", -not, OR, format:csv, agency:…, hash:…."""
    from app.db.engine import transaction
    from app.security.secrets import Secrets
    from app.services import found_items
    from app.services.doubting import Doubts
    from app.services.searching import Question
    from search.port import Sort

    with told.portal() as portal, transaction(portal.engine) as session:
        question = Question(" ".join(query), sort=Sort(sort), limit=limit, cursor=cursor)
        answer = portal.searcher.ask(
            session, question, cursor_key=Secrets(portal.node_secret).cursor_key, lang=told.language_tag()
        )
        doubts = Doubts(portal.log_keys.ring(), portal.log)
        doubtful = doubts.latest_of(session, [one.dataset.name for one in answer.found])
        base, lang = portal.settings.base_url, told.language()
        found = found_items.answer_item(answer, host=portal.host, base=base, lang=lang, doubtful=doubtful)
    lines = ["1 dataset" if answer.total == 1 else f"{answer.total} datasets"]
    for one in answer.found:
        lines.append(f"{one.dataset.name}  {told.words(one.dataset.title)}")
        lines += [
            "    " + "  ".join(part for part in (place.path, found_items.where(place.loc), shown) if part)
            for place in one.places
            if (shown := found_items.plain(place.segments)) or place.path
        ]
    for remark in answer.diagnostics:
        click.echo(f"{remark.code}  {remark.sentence(told.language())} (column {remark.column})", err=True)
    told.give(found, as_json=as_json, text="\n".join(lines))
    return told.OK
