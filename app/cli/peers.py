"""peer: the nodes that this one witnesses, and those that witness it."""

from typing import TYPE_CHECKING, Any

import click

from app.cli import told

if TYPE_CHECKING:
    from app.db.peers import Peer

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def peer_command() -> None:
    """Other nodes that we witness, and that witness us."""


@peer_command.command("add", short_help="Trust a node whose keys you have compared.")
@click.argument("name")
@click.option("--origin", required=True, help="The origin of its log, such as data.city.example.jp/log.")
@click.option("--vkey", required=True, help="Its log's key, as its `ishibumi log show` prints it.")
@click.option("--witness", "witness_vkey", default="", help="Its witness key, if it is to witness this node.")
@click.option("--url", default="", help="Where it is served; its log is compared with what was seen of it.")
@click.option("--witness-url", default="", help="Where it witnesses; by default /witness below --url.")
@click.option("--yes", is_flag=True, help="The keys were compared already; do not ask.")
@_JSON
def peer_add(
    name: str, origin: str, vkey: str, witness_vkey: str, url: str, witness_url: str, yes: bool, as_json: bool
) -> int:
    """Add a peer: its log is witnessed here from now on, and with --witness it is asked to witness ours.

    Compare the words with its operator, by telephone or on paper: who gives you a false key can show you a false log.
    """
    from app.cli import local
    from app.db.engine import transaction
    from app.federation import peers
    from app.services import peering
    from archive.ledger.fingerprint import spoken

    if witness_vkey and url and not witness_url:
        witness_url = f"{url.rstrip('/')}/witness"
    given = peers.NewPeer(name, origin, vkey, witness_vkey, url, witness_url)
    peers.check(given)
    for role, key in (("log", vkey), ("witness", witness_vkey)):
        if key:
            click.echo(f"{role} key  {key}\n  in words  {spoken(key)}", err=True)
    if not yes and not click.confirm("Did you compare these words with the other node's operator?", err=True):
        return told.WRONG_USE
    with told.portal() as portal, local.jobs_done_by_someone(portal):
        with transaction(portal.engine) as session:
            own = peering.own_keys(portal.keys, portal.host, portal.log_key)
            peer = peering.add(session, portal.jobs, given, own, portal.clock)
        index = local.await_inscription(portal, f"peer-{peer.id}", f"peer:{peer.id}")
    told.give({**_item(peer), "log_index": index}, as_json=as_json, text=f"{name}: a peer now, see log index {index}")
    return told.OK


@peer_command.command("list")
@_JSON
def peer_list(as_json: bool) -> int:
    """List the peers, and how many witnesses are asked for."""
    from app.db.engine import transaction
    from app.federation import peers

    with told.portal() as portal, transaction(portal.engine) as session:
        found = [_item(peer) for peer in peers.every(session)]
        quorum = portal.settings.quorum
    witnesses = sum(bool(each["witness"]) for each in found)
    lines = [f"{each['name']}  {each['origin']}{'  witness' if each['witness'] else ''}" for each in found]
    lines.append(f"quorum: {quorum} of {witnesses} witnesses")
    if quorum > witnesses:
        lines.append("!! ISHIBUMI_QUORUM asks for more witnesses than there are")
    told.give(
        {"items": found, "total": len(found), "next": None, "quorum": quorum, "witnesses": witnesses},
        as_json=as_json,
        text="\n".join(lines),
    )
    return told.OK


@peer_command.command("show")
@click.argument("name")
@_JSON
def peer_show(name: str, as_json: bool) -> int:
    """Show a peer: keys in full and in words, addresses, what was last cosigned of its log, and forks."""
    from app.db.engine import transaction
    from app.federation import peers
    from app.services import peering
    from archive.ledger.fingerprint import spoken

    with told.portal() as portal:
        with transaction(portal.engine) as session:
            peer = peers.one(session, name)
        held = portal.exchange.memory.held(peer.origin)
        forks = [each.id for each in peering.forks(portal.folders) if each.origin == peer.origin]
        frozen = peer.origin in portal.exchange.memory.frozen()
    found = {**_item(peer), "cosigned_size": held.size if held else None, "frozen": frozen, "forks": forks}
    found["words"] = spoken(peer.vkey)
    text = "\n".join(f"{key}: {value}" for key, value in found.items() if value not in ("", None, []))
    told.give(found, as_json=as_json, text=text)
    return told.OK


@peer_command.command("remove", short_help="Stop witnessing a node, and asking it.")
@click.argument("name")
@_JSON
def peer_remove(name: str, as_json: bool) -> int:
    """Forget a peer: it is not witnessed any more, and not asked. What was cosigned of it stays remembered."""
    from app.db.engine import transaction
    from app.federation import peers

    with told.portal() as portal, transaction(portal.engine) as session:
        peers.remove(session, name)
    told.give({"name": name, "removed": True}, as_json=as_json, text=f"{name}: no peer any more")
    return told.OK


@peer_command.command("confirm", short_help="Say that this log is the newest there is.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
def peer_confirm(yes: bool, as_json: bool) -> int:
    """Let the log sign although too few witnesses answer, at the size it has now and no other.

    Only when you know that no newer copy of this log was ever published: otherwise it forks.
    """
    from app.services import peering

    with told.portal() as portal:
        size = portal.log.checkpoint().size
        if not yes and not click.confirm(f"Was this log never published with more than {size} entries?", err=True):
            return told.WRONG_USE
        peering.confirm_start(portal.folders.log_state, size)
    told.give({"size": size}, as_json=as_json, text=f"confirmed at size {size}; the worker goes on by itself")
    return told.OK


def _item(peer: "Peer") -> dict[str, Any]:
    return {
        "name": peer.name,
        "origin": peer.origin,
        "vkey": peer.vkey,
        "witness": peer.witness_vkey,
        "url": peer.url,
        "witness_url": peer.witness_url,
        "added_at": peer.added_at.isoformat(),
    }
