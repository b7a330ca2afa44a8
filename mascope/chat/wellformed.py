"""Text that UTF-8 can hold."""


def well_formed(text: str) -> str:
    """The text with halves of surrogate pairs joined, or replaced where alone: UTF-8 cannot hold them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
