"""Who gives the names by which the outside world knows things, people and organisations."""

from __future__ import annotations

from schema.vocabulary import Word, vocabulary


@vocabulary("Who gives an identifier, and so what it is unique in.")
class IdentifierScheme(Word):
    VIN = "VIN", "Vehicle identification number, ISO 3779; e.g. `VF1FW51H161234567`."
    LICENSE_PLATE = "LICENSE_PLATE", "Registration plate, unique in its country; e.g. `AB-123-CD` in `FR`."
    SERIAL = "SERIAL", "The maker's serial number."
    ASSET_TAG = "ASSET_TAG", "A tag that the owner stuck on it."
    INVENTORY_NO = "INVENTORY_NO", "The owner's inventory number."
    BICYCODE = "BICYCODE", "The French bicycle marking."
    IMEI = "IMEI", "A mobile device's equipment identity; e.g. `490154203237518`."
    EMPLOYEE_NO = "EMPLOYEE_NO", "Personnel number inside one organisation."
    USERNAME = "USERNAME", "Login name inside one organisation."
    EMAIL = "EMAIL", "E-mail address."
    POLICY_NO = "POLICY_NO", "Number of an insurance policy."
    SIREN = "SIREN", "French company number, nine digits; e.g. `356000000`."
    SIRET = "SIRET", "French establishment number, fourteen digits."
    VAT = "VAT", "VAT identification number; e.g. `FR39356000000`."
    OTHER = "OTHER", "Any other scheme."


KEPT: frozenset[str] = frozenset({IdentifierScheme.EMAIL.value, IdentifierScheme.USERNAME.value})
"""The schemes in which dots, dashes and other signs tell names apart."""
