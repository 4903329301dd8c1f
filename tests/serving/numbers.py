"""Reading a gateway's metrics."""

from prometheus_client.parser import text_string_to_metric_families

Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read_numbers(text: str) -> Numbers:
    """Parse Prometheus text: the value of each sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(numbers: Numbers, name: str, **labels: str) -> float:
    """Return the sum of the samples of a name that have all of these labels."""
    return sum(
        value
        for (found, has), value in numbers.items()
        if found == name and labels.items() <= dict(has).items()
    )


def values_of(numbers: Numbers, label: str) -> set[str]:
    """Return all values of a label in any sample."""
    return {value for _, has in numbers for name, value in has if name == label}
