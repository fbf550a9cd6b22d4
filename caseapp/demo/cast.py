"""Who works at the invented clinic."""

from dataclasses import dataclass

from caseapp.access.models import User

TIME_ZONE = "America/New_York"


@dataclass(frozen=True)
class Colleague:
    key: str
    name: str
    email: str
    role: str


DIRECTOR = Colleague("director", "Carmen Soto", "carmen@demo.example", User.Role.DIRECTOR)
COLLEAGUES = (
    Colleague("attorney", "Dolores Rivas", "dolores@demo.example", User.Role.ATTORNEY),
    Colleague("second_attorney", "Tomás Lindqvist", "tomas@demo.example", User.Role.ATTORNEY),
    Colleague("representative", "Grace Mbeki", "grace@demo.example", User.Role.REPRESENTATIVE),
    Colleague("paralegal", "Ana Brandt", "ana@demo.example", User.Role.PARALEGAL),
    Colleague("volunteer", "Ben Osei", "ben@demo.example", User.Role.VOLUNTEER),
    Colleague("it", "Iris Kwan", "iris@demo.example", User.Role.IT),
)
EVERYONE = (DIRECTOR, *COLLEAGUES)
