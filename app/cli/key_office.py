"""Whether the domain of an office names a key as its own."""

import click

from app.cli import told


@click.command("office")
@click.argument("domain")
@click.option("--agency", metavar="SLUG", help="Look for the keys in force of this agency; else for the log's.")
@click.option("--vkey", default="", help="Look for this key instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def key_office(domain: str, agency: str | None, vkey: str, as_json: bool) -> int:
    """Fetch https://DOMAIN/.well-known/ishibumi.json and say whether it names the key: yes (exit 0) or no (1).

    An office ties a key to itself by serving this file on a domain that people know as its own.
    """
    from app.services import names, wellknown

    with told.portal() as portal:
        ring = portal.log_keys.ring()
        name = names.agency_key(portal.host, agency) if agency else ring.log
        wanted = [vkey] if vkey else [each.key.vkey for each in ring.in_force(name)]
        named = {key.vkey for key in wellknown.keys_at(portal.outbound, domain)}
    found = {each: each in named for each in wanted}
    lines = [f"{'yes' if there else 'no':4}{each}" for each, there in found.items()] or [
        f"no key of {name} is in force"
    ]
    told.give({"domain": domain, "keys": found}, as_json=as_json, text="\n".join(lines))
    return told.OK if found and all(found.values()) else told.FAILED
