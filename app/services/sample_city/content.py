"""Everything the sample city publishes: three agencies and their datasets."""

from collections.abc import Sequence

from app.services.sample_city import disaster, living, planning
from app.services.sample_city.shapes import Publish, SampleAgency, SampleDataset

HOST = "mihon.example"
AGENCIES = (
    SampleAgency(
        disaster.AGENCY,
        {
            "ja": "見本市 危機管理課",
            "en": "Mihon City, Crisis Management (sample)",
            "zh-Hant": "見本市 危機管理課(範例)",
        },
        2,
    ),
    SampleAgency(
        planning.AGENCY,
        {"ja": "見本市 企画課", "en": "Mihon City, Planning (sample)", "zh-Hant": "見本市 企劃課(範例)"},
        2,
    ),
    SampleAgency(
        living.AGENCY,
        {
            "ja": "見本市 生活環境課",
            "en": "Mihon City, Living and Environment (sample)",
            "zh-Hant": "見本市 生活環境課(範例)",
        },
        1,
    ),
)


def datasets() -> Sequence[SampleDataset]:
    """Return every dataset."""
    return (*disaster.datasets(), *planning.datasets(), *living.datasets())


def releases(dataset: SampleDataset) -> int:
    """Return how many releases a dataset has once every step is done."""
    return sum(isinstance(step, Publish) for step in dataset.steps)
