"""A site's content in; the names that sentences use, in one language, out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from loadgate.model.profiles import Contact
from loadgate.model.site import Site
from loadgate.reporting.language import Language, Words, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """What a figure is broken down by, as a word, and into how many values."""

    label: str
    values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Ids to names, in one language. An id without a name is shown as it is.

    `provider` and `providers` are the site's own word for them, one and many; empty: the glossary's.
    `all_providers` is how many there are in this run, so that a sentence can say "all 16".
    """

    language: Language
    timezone: str = "UTC"
    providers: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, str] = field(default_factory=dict)
    suppliers: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    breakdowns: Mapping[str, Breakdown] = field(default_factory=dict)
    contacts: tuple[Contact, ...] = ()
    provider_one: str = ""
    provider_many: str = ""
    provider_total: int | None = None

    @property
    def words(self) -> Words:
        return words(self.language)

    @property
    def all_providers(self) -> int:
        return len(self.providers) if self.provider_total is None else self.provider_total

    def provider(self, number: int = 1) -> str:
        """The word for a provider, or for many."""
        own = self.provider_one if number == 1 else self.provider_many
        return own or self.words.noun("provider", number)

    def count_providers(self, number: int) -> str:
        return f"{self.words.number(number)} {self.provider(number)}"


def names_of(site: Site, language: Language, *, providers: Collection[str] | None = None) -> Names:
    """The names of a site's content. `providers`: the ids that this run is about; None: all of them."""
    return Names(
        language=language,
        timezone=site.file.timezone,
        providers={provider.id: provider.name for provider in site.providers},
        figures={
            figure.id: figure.title.get(language) or next(iter(figure.title.values()), figure.id)
            for figure in site.figures
        },
        datasets={dataset.dataset: dataset.title for dataset in site.datasets},
        systems={system.id: system.name for system in site.file.systems},
        suppliers={supplier.supplier: supplier.name for supplier in site.suppliers},
        checks={dataset.check_id(line): line.reason for dataset in site.datasets for line in dataset.expectations}
        | {dataset.rule_id(rule): rule.reason for dataset in site.datasets for rule in dataset.rules},
        errors={error.id: error.title for error in site.known_errors},
        breakdowns={
            figure.id: Breakdown(label=figure.cells.column.replace("_", " "), values=len(figure.cells.values))
            for figure in site.figures
            if figure.cells is not None
        },
        contacts=site.contacts,
        provider_one=site.file.provider_label.get(language, ""),
        provider_total=None if providers is None else len(providers),
    )
