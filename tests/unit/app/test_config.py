"""Settings come from the environment alone, and a mistake is an error."""

from pathlib import Path

import pytest

from app.config import BadSettings, Settings, load_settings


def test_defaults() -> None:
    settings = load_settings({})
    assert (settings.data_dir, settings.host, settings.port) == (Path("data"), "127.0.0.1", 8000)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert not settings.secure_cookies
    assert settings.sqlalchemy_url.startswith("sqlite:////")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ISHIBUMI_DATADIR", "/x"),
        ("ISHIBUMI_PORT", "eighty"),
        ("ISHIBUMI_PORT", "70000"),
        ("ISHIBUMI_PUBLIC_URL", "http://data.city.example.jp"),
        ("ISHIBUMI_PUBLIC_URL", "ftp://127.0.0.1"),
        ("ISHIBUMI_SEARCH_ENGINE", "google"),
        ("ISHIBUMI_WEB_PROCESSES", "0"),
    ],
)
def test_a_wrong_value_names_its_variable(variable: str, value: str) -> None:
    with pytest.raises(BadSettings) as refused:
        load_settings({variable: value})
    assert refused.value.params["name"] == variable


def test_https_makes_cookies_secure() -> None:
    assert load_settings({"ISHIBUMI_PUBLIC_URL": "https://data.city.example.jp/"}).secure_cookies


def test_other_variables_are_not_ours() -> None:
    assert isinstance(load_settings({"PATH": "/bin", "OTHER_THING": "1"}), Settings)
