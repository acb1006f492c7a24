"""Identifiers, look-alikes, phones and age of pupils."""

from __future__ import annotations

from functools import partial

import polars as pl

from connectors.records.codes import AT_SCHOOL as AT_SCHOOL_CODES
from connectors.records.codes import FOREIGNER, KINH, RETAINED
from connectors.records.tables import PUPILS
from expectations.rule import NativeExpectation, Owner, Rule, Severity, not_null
from infra.regulations import ND137_13, OLDER_WITHOUT_DECISION, PHONE_NUMBERING, SECTOR_DATABASE, TT28_33

_pupil = partial(Rule, table=PUPILS.name, view="pupils", severity=Severity.REVIEW, owner=Owner.CLERK)
_record = partial(_pupil, article=SECTOR_DATABASE)
_number = partial(_pupil, article=ND137_13, column="personal_number")
_phone = partial(_pupil, article=PHONE_NUMBERING, column="contact_phone", needs=("contact_phone",), owner=Owner.HOMEROOM)
_age = partial(_pupil, article=TT28_33, column="birth_date")

NUMBER, PHONE = pl.col("personal_number"), pl.col("contact_phone")
AT_SCHOOL = pl.col("at_school")
# 7.92E+10: a spreadsheet took the number for a quantity (rules.md ID-6)
SCIENTIFIC = r"^[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+$"
NINE_DIGITS_OF_A_MOBILE = "^[35789][0-9]{8}$"
LANDLINE_OF_ANY_LENGTH = "^02[0-9]{5,}$"
BORN = pl.format("{}, sinh {}", "sex", pl.col("birth_date").dt.year())
FIX_NUMBER = "QLNT › Hồ sơ học sinh › Số định danh cá nhân: đối chiếu thẻ hoặc giấy khai sinh (cả giới tính, ngày sinh), sửa rồi lưu"
FIX_PHONE = "QLNT › Hồ sơ học sinh › Điện thoại liên hệ: hỏi lại cha mẹ, sửa rồi lưu"
FIX_AGE = "QLNT › Hồ sơ học sinh › Ngày sinh, Loại nhập học: đối chiếu giấy khai sinh và quyết định, sửa rồi lưu"
VALID_PHONE = pl.col("phone_is_mobile") | pl.col("phone_is_landline")
# Who may be up to three years older (TU-2), as far as records show it; ethnic minorities are asked for where the rule is.
SPECIAL_CASE = (pl.col("enrolment_kind") == RETAINED).fill_null(value=False) | pl.any_horizontal(
    pl.col("policy_category", "disability").is_not_null()
)

RULES: tuple[Rule, ...] = (
    _record(
        code="HS-8/1",
        stated=False,
        column="pupil_code",
        needs=("pupil_code",),
        condition=pl.col("repeated_code"),
        message="Mã định danh Bộ GD&ĐT xuất hiện nhiều lần trong cùng một hệ thống",
        expected="mỗi học sinh một mã, mỗi mã một dòng",
        fix="QLNT › Hồ sơ học sinh: gộp hồ sơ trùng, hoặc xin cấp lại mã",
        native=NativeExpectation(
            "expect_compound_columns_to_be_unique",
            {"column_list": ["source_system", "pupil_code"], "ignore_row_if": "any_value_is_missing"},
        ),
    ),
    _record(
        code="HS-8/2",
        stated=False,
        column="personal_number",
        needs=("pupil_code", "personal_number"),
        condition=pl.col("same_number_as").is_not_null(),
        key=pl.concat_str(["pupil_code", "same_number_as"], separator="|"),
        message="Hai học sinh có cùng một số định danh cá nhân",
        expected="mỗi người một số định danh; một trong hai hồ sơ ghi sai hoặc là hồ sơ trùng",
        fix=FIX_NUMBER,
    ),
    _record(
        code="HS-8/3",
        column="pupil_code",
        needs=("pupil_code", "full_name", "birth_date"),
        condition=pl.col("same_person_as").is_not_null(),
        key=pl.concat_str(["pupil_code", "same_person_as"], separator="|"),
        message="Hai mã học sinh có cùng họ tên và ngày sinh: có thể là một em có hai hồ sơ",
        expected="hai em khác nhau thì để nguyên; một em thì gộp hồ sơ",
        fix="QLNT › Hồ sơ học sinh: mở cả hai hồ sơ, đối chiếu giấy khai sinh; gộp nếu trùng",
    ),
    _pupil(
        code="ID-1",
        article=SECTOR_DATABASE,
        stated=False,
        column="pupil_code",
        needs=("pupil_code",),
        condition=pl.col("pupil_code").is_not_null() & ~pl.col("pupil_code").str.contains("^[0-9]{10}$"),
        message="Mã định danh Bộ GD&ĐT không đủ 10 chữ số",
        expected="10 chữ số",
        fix="QLNT › Hồ sơ học sinh › Mã định danh: lấy lại từ CSDL ngành rồi lưu",
        native=NativeExpectation("expect_column_values_to_match_regex", {"column": "pupil_code", "regex": "^[0-9]{10}$"}),
    ),
    _number(
        code="ID-2",
        stated=False,
        needs=("personal_number", "ethnicity", "status"),
        condition=AT_SCHOOL & ~pl.col("foreign") & NUMBER.is_null(),
        message="Học sinh đang học chưa có số định danh cá nhân",
        expected="12 chữ số",
        fix=FIX_NUMBER,
        native=not_null("personal_number", ("status", "in", AT_SCHOOL_CODES), ("ethnicity", "not in", (FOREIGNER,))),
    ),
    _number(
        code="ID-4/1",
        stated=False,
        needs=("personal_number", "ethnicity"),
        # What only a spreadsheet spoilt is told by ID-6, with what it was; a foreigner may have a passport's number (ID-7).
        condition=~pl.col("number_is_12") & ~pl.col("foreign") & ~pl.col("number_padded_fits") & ~NUMBER.str.contains(SCIENTIFIC),
        message="Số định danh cá nhân không phải 12 chữ số",
        expected="12 chữ số",
        fix=FIX_NUMBER,
    ),
    _number(
        code="ID-4/2",
        needs=("personal_number",),
        # From 1xx on it is a foreign country of birth, whose codes were not found (ID-4; rules.md §9).
        condition=pl.col("number_is_12") & NUMBER.str.starts_with("0") & ~pl.col("number_province_known"),
        message="Ba chữ số đầu của số định danh không phải mã tỉnh nơi đăng ký khai sinh",
        expected="mã tỉnh trong danh mục, ví dụ 079 (TP. Hồ Chí Minh)",
        fix=FIX_NUMBER,
    ),
    _number(
        code="ID-4/3",
        severity=Severity.BLOCK,
        needs=("personal_number", "sex", "birth_date"),
        condition=pl.col("number_is_12") & (pl.col("number_sign") != pl.col("right_sign")),
        message="Chữ số thứ 4 của số định danh không khớp giới tính và thế kỷ sinh",
        expected=pl.format("chữ số thứ 4 là {} ({})", "right_sign", BORN),
        fix=FIX_NUMBER,
    ),
    _number(
        code="ID-4/4",
        severity=Severity.BLOCK,
        needs=("personal_number", "birth_date"),
        condition=pl.col("number_is_12") & (pl.col("number_year") != pl.col("right_year")),
        message="Chữ số thứ 5–6 của số định danh không khớp năm sinh",
        expected=pl.format(
            "chữ số thứ 5–6 là {} (sinh {})", pl.col("right_year").cast(pl.String).str.zfill(2), pl.col("birth_date").dt.year()
        ),
        fix=FIX_NUMBER,
    ),
    _number(
        code="ID-6/1",
        stated=False,
        needs=("personal_number", "sex", "birth_date"),
        condition=pl.col("number_padded_fits"),
        message="Số định danh còn 11 chữ số: bảng tính đã làm mất số 0 đứng đầu",
        expected=pl.format("đề nghị 0{} (khớp mã tỉnh, giới tính, năm sinh); đối chiếu trước khi sửa", NUMBER),
        fix=FIX_NUMBER,
    ),
    _number(
        code="ID-6/2",
        severity=Severity.BLOCK,
        needs=("personal_number",),
        condition=NUMBER.str.contains(SCIENTIFIC),
        message="Số định danh bị bảng tính đổi thành dạng số mũ, mất các chữ số cuối",
        expected="12 chữ số, ô định dạng Văn bản",
        fix=FIX_NUMBER,
        native=NativeExpectation("expect_column_values_to_not_match_regex", {"column": "personal_number", "regex": SCIENTIFIC}),
    ),
    _phone(
        code="DT-1",
        stated=False,
        # Numbers that one can say more of are told by DT-2, DT-3 and DT-4.
        condition=PHONE.is_not_null()
        & ~VALID_PHONE
        & pl.col("phone_mapped").is_null()
        & ~PHONE.str.contains(f"{NINE_DIGITS_OF_A_MOBILE}|{LANDLINE_OF_ANY_LENGTH}"),
        message="Số điện thoại liên hệ không phải số di động hay số cố định đang dùng",
        expected="di động 10 chữ số với đầu số đang dùng, hoặc cố định 02… 11 chữ số",
        fix=FIX_PHONE,
    ),
    _phone(
        code="DT-2",
        condition=pl.col("phone_mapped").is_not_null(),
        message="Số di động 11 chữ số, đã đổi đầu số từ năm 2018",
        expected=pl.col("phone_mapped"),
        fix=FIX_PHONE,
    ),
    _phone(
        code="DT-3",
        stated=False,
        condition=~VALID_PHONE & PHONE.str.contains(LANDLINE_OF_ANY_LENGTH),
        message="Số điện thoại cố định thiếu hoặc thừa chữ số",
        expected="11 chữ số bắt đầu bằng 02 (Thành phố Hồ Chí Minh: 028 và 8 chữ số)",
        fix=FIX_PHONE,
    ),
    _phone(
        code="DT-4",
        stated=False,
        condition=PHONE.str.contains(NINE_DIGITS_OF_A_MOBILE),
        message="Số điện thoại còn 9 chữ số: bảng tính đã làm mất số 0 đứng đầu",
        expected=pl.format("0{}", PHONE),
        fix=FIX_PHONE,
        native=NativeExpectation("expect_column_values_to_not_match_regex", {"column": "contact_phone", "regex": NINE_DIGITS_OF_A_MOBILE}),
    ),
    _phone(
        code="DT-5",
        needs=("contact_phone", "status"),
        condition=AT_SCHOOL & VALID_PHONE & (pl.col("phone_pupils") >= pl.col("limit_shared_phone")),
        message="Một số điện thoại được ghi cho nhiều học sinh: dễ là số của giáo viên hoặc số ghi tạm",
        expected=pl.format("số riêng của gia đình (số này đang ghi cho {} học sinh)", "phone_pupils"),
        fix=FIX_PHONE,
    ),
    _age(
        code="TU-2/1",
        severity=Severity.REMIND,
        needs=("birth_date", "grade", "status", "enrolment_kind", "policy_category", "disability", "ethnicity"),
        condition=AT_SCHOOL & pl.col("years_older").is_between(1, OLDER_WITHOUT_DECISION) & ~SPECIAL_CASE & (pl.col("ethnicity") == KINH),
        message="Học sinh lớn hơn tuổi của khối mà hồ sơ chưa ghi lý do (lưu ban, diện chính sách…)",
        expected=pl.format("sinh năm {} (khối {}), hoặc ghi lý do", "right_birth_year", "grade"),
        fix=FIX_AGE,
    ),
    _age(
        code="TU-2/2",
        needs=("birth_date", "grade", "status", "enrolment_kind"),
        condition=AT_SCHOOL & (pl.col("birth_date") <= pl.col("day")) & (pl.col("years_older") > OLDER_WITHOUT_DECISION),
        message="Học sinh lớn hơn tuổi của khối trên 3 năm: cần quyết định của cơ quan quản lý giáo dục",
        expected=pl.format("sinh năm {} (khối {}), muộn nhất hơn 3 tuổi", "right_birth_year", "grade"),
        fix=FIX_AGE,
    ),
    _age(
        code="TU-3",
        needs=("birth_date", "grade", "status", "enrolment_kind"),
        # A birth date that is still to come is told by HS-4/2.
        condition=AT_SCHOOL & (pl.col("birth_date") <= pl.col("day")) & (pl.col("years_older") < 0),
        message="Học sinh nhỏ hơn tuổi của khối: chỉ được khi có hồ sơ học vượt lớp",
        expected=pl.format("sinh năm {} (khối {})", "right_birth_year", "grade"),
        fix=FIX_AGE,
    ),
)
