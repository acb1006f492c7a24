"""The rows as each system delivers them; the defects are planted here, in one system's copy at a time."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class PupilRow:
    """qlnt.hoc_sinh; dates are ISO text."""

    pupil_code: str
    personal_number: str | None
    full_name: str | None
    birth_date: str | None
    sex: str | None
    ethnicity: str | None
    nationality: str
    permanent_address: str | None
    policy_category: str | None
    disability: str | None
    not_assessed: int
    contact_phone: str | None
    class_name: str
    grade: int
    enrolment_kind: str
    status: str
    status_date: str | None


@dataclass(slots=True)
class GuardianRow:
    """qlnt.phu_huynh."""

    pupil_code: str
    relation: str
    full_name: str
    birth_year: int | None
    phone: str | None


@dataclass(slots=True)
class ClassRow:
    """qlnt.lop_hoc."""

    class_name: str
    grade: int
    school_year: str
    homeroom_code: str | None
    sessions_per_day: int
    combined: int


@dataclass(slots=True)
class MovementRow:
    """qlnt.bien_dong; `kind` is a status code, `reason` a code of ly_do_thoi_hoc."""

    pupil_code: str
    kind: str
    date: str
    place: str | None
    reason: str | None


@dataclass(slots=True)
class AssignmentRow:
    """qlnt.phan_cong."""

    class_name: str
    subject: str
    staff_code: str


@dataclass(slots=True)
class MarkRow:
    """qlnt.diem; `time` is canonical here (CN) and written as the system has it (CK2)."""

    pupil_code: str
    class_name: str
    grade: int
    subject: str
    time: str
    level: str | None
    score: str | None
    attempt: int
    entered_by: str
    entered_at: str


@dataclass(slots=True)
class TraitRow:
    """qlnt.nang_luc_pham_chat."""

    pupil_code: str
    class_name: str
    grade: int
    time: str
    trait: str
    level: str | None


@dataclass(slots=True)
class YearResultRow:
    """qlnt.ket_qua_nam."""

    pupil_code: str
    class_name: str
    grade: int
    result: str
    reward: str | None
    completed: int
    promoted: int
    principal_decision: str | None


@dataclass(slots=True)
class AttendanceRow:
    """qlnt.chuyen_can."""

    pupil_code: str
    class_name: str
    month: str
    excused: int | None
    unexcused: int | None
    total: int | None


@dataclass(slots=True)
class AccountRow:
    """qlnt.tai_khoan and the HR list of accounts; `last_login` is ISO text."""

    account_system: str
    username: str
    owner_code: str | None
    role: str
    active: int
    last_login: str | None


@dataclass(slots=True)
class SectorRow:
    """One line of DanhSachHocSinh.xlsx: all text, dates dd/mm/yyyy; `sheet` is the grade whose sheet it stands on."""

    sheet: int
    pupil_code: str
    full_name: str | None
    birth_date: str | None
    sex: str | None
    ethnicity: str | None
    status: str | None
    contact_phone: str | None
    birth_place: str
    permanent_address: str | None
    home_province: str
    home_ward: str
    residence: str
    father: str | None
    father_job: str | None
    father_year: str | None
    mother: str | None
    mother_job: str | None
    mother_year: str | None
    class_name: str | None
    grade: str
    personal_number: str | None


@dataclass(slots=True)
class HealthRow:
    """One line of SucKhoe.xlsx; dates dd/mm/yyyy."""

    class_name: str
    pupil_code: str
    full_name: str
    birth_date: str
    sex: str
    weight_kg: float
    height_cm: float
    swims: bool
    eyes: str | None


@dataclass(slots=True)
class StaffRow:
    """One line of can_bo.csv; dates are ISO text here."""

    staff_code: str
    full_name: str | None
    birth_date: str | None
    sex: str | None
    personal_number: str | None
    staff_group: str
    position: str | None
    qualification: str | None
    contract: str | None
    status: str | None
    status_date: str | None
    decision_number: str | None
    salary_grade: str | None
    salary_step: str | None
    salary_coefficient: str | None
    leadership_allowance: str | None
    incentive_allowance: str | None
    highest_qualification: str | None
    major: str | None
    language_group: str | None
    language_certificate: str | None
    language_level: str | None
    standard_rating: str | None
    self_rating: str | None


@dataclass(slots=True)
class RatingRow:
    """One line of danh_gia.xlsx; `criteria`: 15 of Tốt/Khá/Đạt/Chưa đạt, or none for staff who do not teach."""

    staff_code: str
    full_name: str
    year: str
    criteria: tuple[str, ...]
    self_rating: str | None
    standard_rating: str | None
    civil_score: float
    civil_rating: str


@dataclass(slots=True)
class Qlnt:
    """What the school management system holds."""

    pupils: list[PupilRow] = field(default_factory=list)
    guardians: list[GuardianRow] = field(default_factory=list)
    classes: list[ClassRow] = field(default_factory=list)
    movements: list[MovementRow] = field(default_factory=list)
    assignments: list[AssignmentRow] = field(default_factory=list)
    marks: list[MarkRow] = field(default_factory=list)
    traits: list[TraitRow] = field(default_factory=list)
    year_results: list[YearResultRow] = field(default_factory=list)
    attendance: list[AttendanceRow] = field(default_factory=list)
    accounts: list[AccountRow] = field(default_factory=list)


@dataclass(slots=True)
class Csdl:
    """What the sector database exports."""

    pupils: list[SectorRow] = field(default_factory=list)
    health: list[HealthRow] = field(default_factory=list)


@dataclass(slots=True)
class StaffFiles:
    """What HR drops."""

    staff: list[StaffRow] = field(default_factory=list)
    ratings: list[RatingRow] = field(default_factory=list)
    accounts: list[AccountRow] = field(default_factory=list)
