from mascope.chat.draws import Draws
from mascope.chat.rehearsed_probe import private_answer

SCALE = "How sure are you?\n\nAnswer with one number from 1 to 7 and nothing else. Your answer stays private."
NAME = "Who led?\n\nAnswer with one name and nothing else: Agent-A, Agent-B. Your answer stays private."


def test_a_scale_is_answered_with_each_of_its_numbers_and_no_other() -> None:
    answers = {private_answer(SCALE, Draws(str(n))) for n in range(200)}

    assert answers == {"1", "2", "3", "4", "5", "6", "7"}


def test_a_choice_is_answered_with_one_of_its_options() -> None:
    answers = {private_answer(NAME, Draws(str(n))) for n in range(50)}

    assert answers == {"Agent-A", "Agent-B"}


def test_the_same_question_and_draws_give_the_same_answer() -> None:
    assert private_answer(SCALE, Draws("x")) == private_answer(SCALE, Draws("x"))


def test_talk_is_no_private_question() -> None:
    assert private_answer("[Agent-A]: which number from 1 to 7?", Draws("x")) is None
