"""What agents are called, and where a text calls them so or speaks in their place."""

from mascope.names.mentions import (
    BROADCAST,
    Mention,
    MentionFinder,
    addressed_all,
    is_broadcast,
)
from mascope.names.naming import NAMINGS, NATO, name_agents
from mascope.names.voice import PeerLine, opens_with_name, own_prefix, peer_lines, words_begin

__all__ = [
    "BROADCAST",
    "NAMINGS",
    "NATO",
    "Mention",
    "MentionFinder",
    "PeerLine",
    "addressed_all",
    "is_broadcast",
    "name_agents",
    "opens_with_name",
    "own_prefix",
    "peer_lines",
    "words_begin",
]
