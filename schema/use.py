"""What an asset is used for."""

from __future__ import annotations

from schema.vocabulary import Word, vocabulary


@vocabulary("What an asset is used for, as insurers tell uses apart.")
class UseKind(Word):
    BUSINESS = "BUSINESS", "The organisation's own business, e.g. visits and errands."
    COMMUTE = "COMMUTE", "The way between home and work."
    PRIVATE = "PRIVATE", "A person's private use, off duty."
    DELIVERY_ROUNDS = "DELIVERY_ROUNDS", "Rounds with many stops, e.g. mail and parcels."
    GOODS_OWN_ACCOUNT = "GOODS_OWN_ACCOUNT", "Carrying goods that belong to whoever carries them."
    GOODS_FOR_HIRE = "GOODS_FOR_HIRE", "Carrying others' goods against payment."
    PASSENGERS = "PASSENGERS", "Carrying people without payment."
    PASSENGERS_FOR_HIRE = "PASSENGERS_FOR_HIRE", "Carrying people against payment."
    LOAN_TO_PARTNER = "LOAN_TO_PARTNER", "Lent to another organisation."
    RENTAL = "RENTAL", "Rented out against payment."
    OTHER = "OTHER", "Any other use, or one that the source does not name."
