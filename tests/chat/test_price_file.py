from pathlib import Path

import pytest

from mascope.chat.prices import load_prices


@pytest.mark.parametrize("date", ["2026-11-01", "'2026-11-01'", "autumn 2026", "2026-11-01 10:30:00"])
def test_the_date_of_a_price_table_may_be_written_as_one_does(tmp_path: Path, date: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(f"date: {date}\nmodels: {{groq/x: {{input: 1, output: 2}}}}\n")

    table = load_prices(file)

    assert f"of {date[:4].strip(chr(39))}" in table.source.replace("'", "")
    assert table.rates["groq/x"].output == 2e-6
