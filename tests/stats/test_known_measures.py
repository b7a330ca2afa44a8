from mascope.stats.measures import MEASURES
from mascope.study.load import RUN_MEASURES


def test_a_study_may_name_just_the_measures_that_are_computed() -> None:
    assert set(RUN_MEASURES) == set(MEASURES)
