"""The articles that rules, records, backups and forms rest on: the only file with legal text.

Each constant is an article as a finding names it. What an article says stands in `docs/rules.md`
beside the rule; this file only names it, once.
"""

from __future__ import annotations

from datetime import date

# The school's own regulation on managing and using information systems.
QC_10_1C = "QĐ 292/QĐ-THTT Điều 10.1c"  # an account is withdrawn on the day of the personnel decision
QC_15_4 = "QĐ 292/QĐ-THTT Điều 15.4"  # the principal approves results once every teacher has entered all
QC_16_1B = "QĐ 292/QĐ-THTT Điều 16.1b"  # anomalies are reported
QC_16_2B = "QĐ 292/QĐ-THTT Điều 16.2b, 19.6a"  # QLNT and the sector database agree
QC_19_6A = "QĐ 292/QĐ-THTT Điều 19.6a"  # the minimum fields of a pupil, transfers kept up to date
QC_19_6D = "QĐ 292/QĐ-THTT Điều 19.6d"  # attendance every month
QC_19_7 = "QĐ 292/QĐ-THTT Điều 19.7"  # subject teachers enter in time and compare book and system
QC_20 = "QĐ 292/QĐ-THTT Điều 20"  # health records
QC_21 = "QĐ 292/QĐ-THTT Điều 21"  # backups

# Assessment of primary-school pupils.
TT22_2016 = "TT 30/2014/TT-BGDĐT, TT 22/2016/TT-BGDĐT"  # grades that TT 27/2020 had not reached yet
TT27_7 = "TT 27/2020/TT-BGDĐT Điều 7"  # levels, periodic tests, qualities and competences
TT27_9 = "TT 27/2020/TT-BGDĐT Điều 9"  # the year's overall result
TT27_11 = "TT 27/2020/TT-BGDĐT Điều 11"  # completion and promotion
TT27_13 = "TT 27/2020/TT-BGDĐT Điều 13"  # rewards
TT32_2018 = "TT 32/2018/TT-BGDĐT (sửa đổi: TT 13/2022)"  # the programme: which subject in which grade

# Pupils, classes, identifiers.
SECTOR_DATABASE = "Mô tả dữ liệu CSDL ngành (10/2020)"
ND137_13 = "NĐ 137/2015/NĐ-CP Điều 13"  # structure of the personal number
PHONE_NUMBERING = "Quy hoạch kho số viễn thông (chuyển đổi mã mạng 2018)"
TT28_33 = "TT 28/2020/TT-BGDĐT Điều 33"  # age of pupils
TT28_16 = "TT 28/2020/TT-BGDĐT Điều 16"  # class size, one class teacher, inclusive and combined classes

NQ1685 = "NQ 1685/NQ-UBTVQH15"  # wards of the city since 1 July 2025; no district level any more

# Staff and accounts.
TT20_2018 = "TT 20/2018/TT-BGDĐT"  # professional standard of teachers
ND233_2026 = "NĐ 233/2026/NĐ-CP"  # rating of civil servants and public employees, from 1 July 2026
ND90_2020 = "NĐ 90/2020/NĐ-CP, NĐ 48/2023/NĐ-CP; từ 1/7/2026 NĐ 233/2026/NĐ-CP"  # what holds of ratings in every year
QCVN_12 = "QCVN 12:2026/BCA"  # idle accounts are disabled

# Numbers that the articles fix (thresholds left to the school are in infra/settings.py).
OLDER_WITHOUT_DECISION = 3  # Điều 33: up to three years older for listed categories
INCLUSIVE_CLASS_PUPILS = 2  # Điều 16.1: pupils with a disability in one class
COMBINED_CLASS_PUPILS = 15  # Điều 16.1: pupils in a combined class
ENTRY_AGE = 6  # Điều 33: grade 1 is entered at six, by calendar year
RESULT_MINIMUM = {"HTXS": 9, "HTT": 7, "HT": 5}  # TT 27/2020, Điều 9.2: every end-of-year test
TOP_SCORE = 10
TT27_FIRST_YEAR = 2020  # its roadmap: grade 1 from the school year that starts then, one grade more each year
DISTRICTS_UNTIL = date(2025, 7, 1)  # NQ 1685: from this day an address has no district
NEW_WARDS = ("Minh Phụng", "Bình Thới", "Hòa Bình", "Phú Thọ")  # NQ 1685: the wards of what was Quận 11
STANDARD_CRITERIA_NEEDED = 10  # TT 20/2018: of the fifteen criteria
CIVIL_RATING_FROM = {"HTXSNV": 90, "HTTNV": 70, "HTNV": 50}  # NĐ 233/2026
CIVIL_RATING_LOWEST = "KHTNV"
