"""A run's content in; out, the names and sentences by which its findings and cases are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from loadgate.model.findings import Case, Finding

if TYPE_CHECKING:
    from loadgate.model.judgement import Judgement
    from loadgate.model.site import Site
    from loadgate.reporting.names import Names
    from loadgate.running.inputs import RunInputs


def names(site: Site, inputs: RunInputs, *, language: str | None = None) -> Names:
    """Names in the site's first language, unless another is asked for."""
    from loadgate.reporting.names import names_of

    providers = {provider for arrival in inputs.current for provider in arrival.expected.providers}
    chosen = language if language in ("en", "da") else site.file.languages[0]
    return names_of(site, "da" if chosen == "da" else "en", providers=providers)


def sentence_of(
    site: Site, inputs: RunInputs, judgement: Judgement, *, language: str
) -> Callable[[Finding | Case], str]:
    """A sentence for a finding or case of this judgement."""
    from loadgate.reporting.sentences import case_text, finding_sentence

    named = names(site, inputs, language=language)
    findings = {finding.id: finding for finding in judgement.findings}

    def sentence(subject: Finding | Case) -> str:
        if isinstance(subject, Finding):
            return finding_sentence(subject, named)
        return case_text(subject, findings, named, run=judgement.run).sentence

    return sentence


def heading_of(site: Site, inputs: RunInputs, *, language: str) -> Callable[[Case], str]:
    """What a case is and where, without its findings: `columns differ, system TEA`."""
    from loadgate.reporting.sentences import case_heading

    named = names(site, inputs, language=language)
    return lambda case: case_heading(case, named)


def title_of(site: Site, inputs: RunInputs, judgement: Judgement, *, language: str) -> Callable[[Case], str]:
    """A few words for a case, for the subject of a message: what, and what its findings share."""
    from loadgate.reporting.sentences import case_text

    named = names(site, inputs, language=language)
    findings = {finding.id: finding for finding in judgement.findings}

    def title(case: Case) -> str:
        text = case_text(case, findings, named, run=judgement.run)
        return f"{text.title}, {text.cause}"

    return title
