from pathlib import Path

import pytest

from mascope.chat import local_gguf
from mascope.errors import InvalidFile
from tests.chat.gguf_files import Value, write_gguf

CHAT_MODEL: dict[str, Value] = {
    "general.architecture": "llama",
    "general.quantized": True,
    "llama.rope.freq_base": 10000.0,
    "llama.context_length": 8192,
    "tokenizer.ggml.tokens": ["<s>", "hello", "<|im_end|>", "<|im_start|>", "  "],
    "tokenizer.ggml.token_type": [3, 1, 3, 4, 3],
    "tokenizer.ggml.bos_token_id": 0,
    "tokenizer.chat_template": "{{ messages }}",
}


def test_the_header_says_what_the_model_can_read_and_how_it_is_spoken_to(tmp_path: Path) -> None:
    header = local_gguf.read(write_gguf(tmp_path / "model.gguf", CHAT_MODEL))

    assert header.context == 8192
    assert header.first_token == 0
    assert header.chat_template == "{{ messages }}"


def test_words_that_the_tokenizer_obeys_are_known_and_plain_words_are_not_among_them(tmp_path: Path) -> None:
    words = local_gguf.read(write_gguf(tmp_path / "model.gguf", CHAT_MODEL)).control_words

    assert words is not None
    assert words.findall("hello <s>  <|im_start|>hello<|im_end|>") == ["<s>", "<|im_start|>", "<|im_end|>"]


@pytest.mark.parametrize("template", [None, "", "  \n"])
def test_a_base_model_has_no_chat_template(tmp_path: Path, template: str | None) -> None:
    said: dict[str, Value] = {} if template is None else {"tokenizer.chat_template": template}

    header = local_gguf.read(write_gguf(tmp_path / "base.gguf", {"general.architecture": "gemma3", **said}))

    assert header == local_gguf.Header(None, None, None, None)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 a zip file", "ключ".encode()])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    with pytest.raises(InvalidFile, match=r"model\.gguf: this is not a GGUF file"):
        local_gguf.check(path)


def test_a_file_of_an_old_version_is_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "old.gguf", {}, version=1)

    with pytest.raises(InvalidFile, match="version 1"):
        local_gguf.check(path)


def test_a_header_cut_off_at_any_byte_is_refused(tmp_path: Path) -> None:
    whole = write_gguf(tmp_path / "whole.gguf", CHAT_MODEL).read_bytes()
    cut = tmp_path / "cut.gguf"

    for length in range(8, len(whole)):
        cut.write_bytes(whole[:length])

        with pytest.raises(InvalidFile, match="cannot be read"):
            local_gguf.read(cut)


def test_a_length_beyond_the_file_is_refused_before_memory_is_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "huge.gguf"
    path.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(8) + b"\xff" * 16)

    with pytest.raises(InvalidFile, match="cannot be read"):
        local_gguf.read(path)
