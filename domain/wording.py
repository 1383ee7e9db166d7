"""How names of ours are put into words people read. Pure."""


def words(name: str) -> str:
    """A name as it stands within a sentence: `outcome_unknown` is `outcome unknown`."""
    return name.replace("_", " ")


def upper_first(text: str) -> str:
    """Words as they begin a sentence; nothing else is touched."""
    return text[:1].upper() + text[1:]
