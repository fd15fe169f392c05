"""Proofs of time from the shell to a stranger's OpenSSL: stamped, served, carried in evidence, renewed."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests import calendar_server, time_authority
from tests.serving import Shell, free_port
from tests.time_authority import Authority

pytestmark = pytest.mark.engines  # real commands and servers by the dozen: minutes, not seconds


@dataclass(frozen=True)
class Asking(Shell):
    """A shell whose node asks authorities on loopback."""

    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.settings}


def test_a_checkpoint_is_stamped_served_and_read_by_openssl(founded: Path, tmp_path: Path) -> None:
    import shutil

    data = tmp_path / "data"
    shutil.copytree(founded, data, symlinks=True)
    authority = Authority(tmp_path / "authority")
    plain = Shell(data, free_port())
    plain.run("log", "anchor", "--now", code=2)
    assert plain.json("log", "anchor") == {"anchors": []}
    (data / "authorities").mkdir()
    (data / "authorities" / "office.pem").write_bytes(authority.root)
    with time_authority.serving(authority) as office, calendar_server.serving() as calendar:
        settings = {
            "ISHIBUMI_TIME_AUTHORITIES": f"office={office.url}",
            "ISHIBUMI_TIME_CALENDARS": f"cal={calendar.url}",
            "ISHIBUMI_ASK_PRIVATE_ADDRESSES": "true",
        }
        shell = Asking(data, plain.port, settings)
        found = shell.json("log", "anchor", "--now")["anchors"]
        assert [(each["by"], each["state"]) for each in found] == [("cal", "pending"), ("office", "proven")]
        assert shell.json("log", "renew")["anchored"] is True
        office.status = 503
        assert shell.run("log", "renew", code=1)
        office.status = 200
        found = shell.json("log", "anchor", "--now")["anchors"]
        assert len({each["size"] for each in found}) == 3
        size = found[-1]["size"]
        with shell.serving():
            note = shell.get(f"/log/anchor/{size}/checkpoint")
            token = shell.get(f"/log/anchor/{size}/office.tsr")
            assert shell.get(f"/log/anchor/{size}/cal.ots").startswith(b"\x00OpenTimestamps")
            for wrong in (
                f"{size}/nobody.tsr",
                f"{size}/.office.tsr.new",
                f"{size}/..%2f..%2fcheckpoint",
                "0/checkpoint",
            ):
                with pytest.raises(HTTPError, match="404"):
                    shell.get(f"/log/anchor/{wrong}")
    body = note[: note.index(b"\n\n") + 1]
    assert authority.accepts(token, body)
    (tmp_path / "checkpoint").write_bytes(note)
    by_hand = "sed '/^$/q' checkpoint | sed '$d' > body"
    subprocess.run(["sh", "-c", by_hand], cwd=tmp_path, check=True)
    assert (tmp_path / "body").read_bytes() == body
    shell.run("log", "check")


def test_settings_that_name_nobody_are_refused(founded: Path) -> None:
    for wrong in ("office", "Office=https://x.example", "a=ftp://x.example", "a=https://x.example,a=https://y.example"):
        shell = Asking(founded, 1, {"ISHIBUMI_TIME_AUTHORITIES": wrong})
        shell.run("log", "anchor", code=2)
