"""Numbers that check themselves: cards, accounts, and national identity numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_CARD_LENGTHS: Final = range(12, 20)
_USUAL_LENGTHS: Final = (15, 16)
_CARD_BEGINNINGS: Final = "23456"
# Verhoeff's dihedral check, as India's Aadhaar number has it.
_MULTIPLY: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTE: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def is_card(digits: str) -> bool:
    """Whether `digits` are, or begin or end with, a card number (ISO/IEC 7812, Luhn)."""
    if len(digits) in _CARD_LENGTHS and _luhn(digits):
        return True
    # A number said together with its expiry or its code, or with an "oh" behind it.
    parts = (part for n in _USUAL_LENGTHS if len(digits) > n for part in (digits[:n], digits[-n:]))
    return any(part[0] in _CARD_BEGINNINGS and _luhn(part) for part in parts)


def is_iban(text: str) -> bool:
    """Whether `text` is an account number (ISO 13616, modulo 97)."""
    letters = "".join(character for character in text.upper() if character.isalnum())
    if not 15 <= len(letters) <= 34 or not letters.isascii() or not letters[2:4].isdigit():
        return False
    turned = letters[4:] + letters[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def is_identity(digits: str, groups: tuple[int, ...]) -> bool:
    """Whether `digits`, said in `groups`, are a national identity number by their own check.

    One whose check a tenth of all numbers pass needs the usual groups as well.
    """
    check = _CHECKS.get(len(digits))
    if check is not None and check(digits):
        return True
    if groups == (3, 2, 4):
        return not digits.startswith(("000", "666", "9"))  # United States
    return groups == (4, 4, 4) and _verhoeff(digits)  # India


def _luhn(digits: str) -> bool:
    odd = sum(int(digit) for digit in digits[-1::-2])
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (odd + even) % 10 == 0 and len(set(digits)) > 1


def _verhoeff(digits: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_MULTIPLY[check][int(_PERMUTE[place % 8][int(digit)])])
    return check == 0 and digits[0] not in "01"


def _weighted(digits: str, weights: range) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _eleven(digits: str) -> bool:
    """Brazil's CPF or Turkey's T.C. number: two check digits each."""
    if len(set(digits)) == 1:
        return False
    first = _weighted(digits, range(10, 1, -1)) * 10 % 11 % 10
    second = _weighted(digits, range(11, 1, -1)) * 10 % 11 % 10
    if digits[9:] == f"{first}{second}":
        return True
    odd, even = sum(map(int, digits[0:9:2])), sum(map(int, digits[1:8:2]))
    tenth = (odd * 7 - even) % 10
    return digits[0] != "0" and digits[9:] == f"{tenth}{(sum(map(int, digits[:9])) + tenth) % 10}"


def _fifteen(digits: str) -> bool:
    """France's NIR: 13 digits and 97 minus their remainder."""
    return digits[0] in "12" and 97 - int(digits[:13]) % 97 == int(digits[13:])


def _eighteen(digits: str) -> bool:
    """China's resident number (ISO 7064 MOD 11-2), when its check is a digit."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits))
    return total % 11 == 1 and digits[6:8] in ("19", "20")


_CHECKS: Final[dict[int, Callable[[str], bool]]] = {11: _eleven, 15: _fifteen, 18: _eighteen}
