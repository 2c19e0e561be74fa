"""A small valid site as texts, and a way to write it with one text changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SMALL_SITE = {
    "site.toml": """\
name = "small"
title = "A small site"
timezone = "Europe/Copenhagen"
languages = ["en"]

[provider_label]
en = "town"

[[systems]]
id = "books"
name = "Books"
area = "money"
vendor = "acme"

[[systems]]
id = "beds"
name = "Beds"
area = "care"
vendor = "zenith"
""",
    "vendor_profiles/calendar.yaml": """\
rules:
  - area: money
    due: {month: 1, day: 3, at: "12:00"}
    closes: {month: 1, day: 7, at: "12:00"}
    reason: Early.
""",
    "vendor_profiles/providers.csv": "id,name,region\n101,Northtown,north\n102,Southtown,south\n103,Easttown,east\n",
    "vendor_profiles/peers.csv": "group,provider\ncoast,101\n",
    "vendor_profiles/assignments.csv": (
        "area,provider,system,system_version,supplier,valid_from,valid_to\n"
        "money,101,books,,courier,2020-01-01,\n"
        "money,102,books,,courier,2020-01-01,2024-12-31\n"
    ),
    "vendor_profiles/contacts.yaml": "contacts:\n  - role: operations\n    name: Desk\n    scope: area=money\n",
    "vendor_profiles/alerts.yaml": "routes:\n  - name: desk\n    kinds: [arrival]\n    url_env: DESK_URL\n",
    "vendor_profiles/courier.yaml": """\
supplier: courier
name: The courier
deliveries:
  - system: books
    dataset: ledger
    files: "{period}/{provider}{part}.csv"
    format:
      delimiter: ";"
      decimal: ","
    columns:
      - {source: Maaned, column: month}
      - {source: Konto, column: account}
      - {source: Beloeb, column: amount}
    ignore_columns: [Tekst]
""",
    "expectations/suites/money/ledger.yaml": """\
dataset: ledger
area: money
title: Postings
key: [month, account]
columns:
  month: {type: month}
  account: {type: text}
  amount: {type: decimal}
  remark: {optional: true}
expectations:
  - type: expect_column_values_to_be_in_set
    kwargs: {column: account, code_list: accounts}
    severity: critical
    reason: Others have no figure.
  - type: expect_column_values_to_be_between
    kwargs: {column: amount, min_value: -5, mostly: 0.9}
    where: {column: account, is: not_equal, value: "9"}
    reason: Large credits are rare.
""",
    "expectations/code_lists/accounts.yaml": 'name: accounts\ncodes:\n  "1": {title: Rent}\n  "9": {title: Other}\n',
    "expectations/key_figures/money.yaml": """\
area: money
figures:
  - id: spent
    title: {en: Spent}
    kind: amount
    family: spending
    dataset: ledger
    cadence: month
    reference: month
    cells: {column: account, values: ["1", "9"]}
    numerator: {sum: amount}
    unit: kroner
  - id: spent_share
    title: {en: Share}
    kind: ratio
    family: spending
    dataset: ledger
    cadence: month
    reference: month
    numerator: {sum: amount, where: {column: account, among: ["1"]}}
    denominator: {figure: spent}
    unit: per cent
""",
    "expectations/known_errors/acme.yaml": """\
errors:
  - id: KE-1
    title: Wrong account
    check: ledger:be_in_set(account)
    scope: vendor=acme
    ceiling: {share: 0.1}
    reason: Reported.
    owner: acme
    reported: 2026-01-01
    review: 2026-06-01
""",
    "baselines/tolerances.yaml": """\
tolerances:
  - source: office
    figure: spent
    minimal: {absolute: 1, relative: 0.01}
    substantial: {absolute: 5, relative: 0.05}
    reason: Rounding.
""",
    "baselines/planned_changes.yaml": """\
changes:
  - id: rebased
    title: New prices
    kind: systematic.restated_alone
    scope: figure=spent
    valid_from: "2026-01"
    valid_to: "2026-02"
    reason: Yearly.
""",
    "baselines/control_tables.yaml": "tables:\n  - source: office\n    title: {en: Office}\n",
    "baselines/bridges/office.yaml": 'name: office\nsource: office\nfigure: spent\ncells: {"A": "1"}\n',
    "baselines/control_figures/office_2026.csv": (
        "period,figure,cell,provider,reference,value,reported\n"
        "2026-01,spent,A,101,2026-01,12.5,\n"
        "2026-01,spent,9,,2026-01,-3,-3\n"
    ),
}

MakeSite = Callable[..., Path]


@pytest.fixture
def make_site(tmp_path: Path) -> MakeSite:
    """Write the small site; `file`, `old`, `new` replace one text, `extra` adds files, `without` leaves some out."""

    def make(
        file: str | None = None,
        old: str = "",
        new: str = "",
        *,
        extra: dict[str, str | bytes] | None = None,
        without: tuple[str, ...] = (),
    ) -> Path:
        texts: dict[str, str | bytes] = {name: text for name, text in SMALL_SITE.items() if name not in without}
        if file is not None:
            text = SMALL_SITE[file]
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
            texts[file] = text.replace(old, new)
        for name, text in {**texts, **(extra or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return make
