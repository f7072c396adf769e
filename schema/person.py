"""People: who drives, keeps and answers for assets."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from resolvers.entity import Strong
from schema.connection import Connection
from schema.cost import FREE
from schema.declaration import (
    AT,
    CONTACT,
    HOLDS_AT,
    PERSONAL,
    SENSITIVE,
    Node,
    entity,
    mapped,
    reverse,
    same,
    system,
    to_one,
)
from schema.identifier import Identifier
from schema.order import AssetOrder, CoverageOrder
from schema.provenance import Provenance
from schema.references import AssetRef, AuthorisationRef, CoverageRef, PartnerRef, PersonRef, SiteRef
from schema.scalars import RegionCode
from schema.vocabulary import Word, vocabulary


@vocabulary("How a person belongs to an organisation.")
class Employment(Word):
    EMPLOYEE = "EMPLOYEE", "Employed by it."
    CONTRACTOR = "CONTRACTOR", "Works for it under a contract for services."
    TEMP_AGENCY = "TEMP_AGENCY", "Sent by an agency for temporary work."
    TRAINEE = "TRAINEE", "Apprentice, intern or trainee."
    VOLUNTEER = "VOLUNTEER", "Works for it without pay."
    MEMBER = "MEMBER", "Member of a co-operative or association."
    ELECTED = "ELECTED", "Elected, e.g. a town councillor."
    RETIRED = "RETIRED", "Retired from it."
    EXTERNAL = "EXTERNAL", "From outside, e.g. a supplier's contact."
    UNKNOWN = "UNKNOWN", "The source does not say."


@vocabulary("What a person does with regard to assets and coverage.")
class PersonRole(Word):
    DRIVER = "DRIVER", "Drives vehicles."
    CUSTODIAN = "CUSTODIAN", "Answers for assets."
    CONTACT = "CONTACT", "Is whom to ask."
    MANAGER = "MANAGER", "Leads people or a fleet."
    MECHANIC = "MECHANIC", "Maintains assets."
    CLAIMS_HANDLER = "CLAIMS_HANDLER", "Handles insurance claims."
    MEMBER = "MEMBER", "Member of a co-operative or association."
    VOLUNTEER = "VOLUNTEER", "Works without pay."
    OTHER = "OTHER", "Anything else."


@strawberry.type(description="Permission to drive. Personal; its number is sensitive.", directives=[FREE])
class DrivingLicence:
    number: str | None = mapped("The licence's number. Sensitive.", SENSITIVE)
    categories: list[str] | None = mapped('The categories it holds (Directive 2006/126/EC); e.g. `["B", "BE", "C1"]`.')
    category_since: date | None = mapped("Since when the person has held the category that counts, as a rule B.")
    valid_until: date | None = mapped("The last day on which it is valid.")
    country: RegionCode | None = mapped("The country that issued it; e.g. `FR`.")
    suspended: bool | None = mapped("Whether it is suspended or withdrawn now.")


@entity(
    "A person known to a partner. Each field has a class: plain, contact, personal or sensitive; all but plain need a "
    "scope of their own, and agreements share them by name only.",
    orders={"DISPLAY_NAME": "displayName", "UPDATED_AT": "updatedAt", "PARTNER": ""},
)
class Person(Node):
    partner: PartnerRef = system("The partner whose record it is.")
    display_name: str | None = mapped("The name that people read; e.g. `Awa Diallo`. Personal.", PERSONAL)
    given_name: str | None = mapped("Given name; e.g. `Awa`. Personal.", PERSONAL)
    family_name: str | None = mapped("Family name; e.g. `Diallo`. Personal.", PERSONAL)
    identifiers: list[Identifier] | None = mapped("Employee number, user name and the like. Personal.", PERSONAL)
    email: str | None = mapped("E-mail address at work. Contact.", CONTACT)
    phone: str | None = mapped("Telephone number at work; e.g. `+33 1 55 44 00 00`. Contact.", CONTACT)
    birth_date: date | None = mapped("Date of birth. Sensitive.", SENSITIVE)
    employment: Employment | None = mapped("How the person belongs to the partner. Personal.", PERSONAL)
    employed_from: date | None = mapped("First day there. Personal.", PERSONAL)
    employed_until: date | None = mapped("Last day there; null where none is set. Personal.", PERSONAL)
    active: bool | None = mapped("Whether the person belongs to the partner now.")
    job_title: str | None = mapped("What the person is at work; e.g. `Factrice`.")
    department: str | None = mapped("Team or unit; e.g. `Courrier 92`.")
    roles: list[PersonRole] | None = mapped("What the person does with regard to assets and coverage.")
    manager: PersonRef | None = to_one("Person", "Who leads the person. Personal.", PERSONAL)
    site: SiteRef | None = to_one("Site", "Where the person works.")
    licences: list[DrivingLicence] | None = mapped("Permissions to drive. Personal.", PERSONAL)
    authorisations: list[AuthorisationRef] | None = reverse(
        "Authorisation",
        "Authorisation.person",
        "What owners allow the person to use, for what and when. Personal.",
        field_class=PERSONAL,
        page=False,
        arguments=[AT],
        conditions=HOLDS_AT,
    )
    assets: Connection[AssetRef] | None = reverse(
        "Asset",
        "Asset.custodian",
        "The assets that the person answers for. Personal.",
        field_class=PERSONAL,
        order=AssetOrder,
        filtered=True,
    )
    coverages: Connection[CoverageRef] | None = reverse(
        "Coverage",
        "Coverage.insuredPersons.named",
        "The coverages that name the person, of every insurer. Personal.",
        field_class=PERSONAL,
        order=CoverageOrder,
        filtered=True,
        arguments=[AT],
        conditions=HOLDS_AT,
    )
    same_as: Connection[PersonRef] | None = same(
        "Person",
        "The records of other sources, of any partner, that are the same person: they carry the same e-mail address "
        "among their identifiers. In order of partner and key; null where the identifiers are not shared. Personal.",
        [Strong("EMAIL")],
        PERSONAL,
    )
    updated_at: datetime | None = mapped("When the source last changed the record.")
    provenance: Provenance = system("Where the record came from.")
