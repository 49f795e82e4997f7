"""Body part and view are recognised in the headers of many devices and languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pneumoscope.gate import header
from pneumoscope.gate.header import Part, View, part_shown, projection_shown, view_shown
from pneumoscope.imaging import Acquisition, Coded

PARTS: dict[Part, tuple[str, ...]] = {
    Part.UNSAID: ("",),
    Part.CHEST: (
        *("CHEST", "PORT CHEST", "CHEST_2V", "THORAX", "THORAX AP", "THORAXAP", "TORAX", "TÓRAX"),
        *("Tórax", "CXR", "PCXR", "THX", "LUNG", "LUNGS", "LUNGE", "BRUSTKORB", "POITRINE"),
        *("PULMON", "PULMÓN", "PULMONES", "POUMON", "TORACE", "POLMONE", "PEITO", "BRÖSTKORG"),
        *("KLATKA PIERSIOWA", "PŁUCA", "HRUDNÍK", "GÖĞÜS", "AKCİĞER", "ГРУДНАЯ КЛЕТКА", "ЛЁГКИЕ"),
        *("ΘΩΡΑΚΑΣ", "胸部", "肺", "흉부", "صدر", "חזה", "RIB CAGE CHEST", "CHEST RIBS", "1CHEST"),
        *("THORAX PA", "PULMÕES", "PULMÃO", "PŁUCO", "RX TÓRAX", "PA AKCİĞER", "胸部正位", "胸片"),
        *("GRUDNI KOŠ", "PRSNÍ KOŠ", "PLĂMÂNI"),
    ),
    Part.UNKNOWN: (
        *("UNKNOWN", "RIB", "RIBS", "RIBCAGE", "HEART", "COSTELLE", "BABYGRAM", "XYZ", "OTHER"),
        *(
            "CHESTABDOMEN",
            "NECKCHEST",
            "NECK CHEST",
            "CHEST ABDOMEN",
            "THORACIC",
            "TORAX DE PIE Y CRANEO",
            "胸椎",
            "CAGE THORACIQUE",
            "ŻEBRA",
        ),
    ),
    Part.ELSEWHERE: (
        *("HAND", "KNEE", "ABDOMEN", "ABDOMENPELVIS", "PELVIS", "SKULL", "CSPINE", "C-SPINE"),
        *("TSPINE", "T SPINE", "THORACIC SPINE", "LSPINE", "HEAD", "HEADNECK", "HIP", "FOOT"),
        *("LEG", "EXTREMITY", "BREAST", "SHOULDER", "STERNUM", "CLAVICLE", "WHOLEBODY", "JAW"),
        *("WRIST", "FINGER", "TOE", "Rodilla", "SCHÄDEL", "KUB", "ANKLE", "L_HAND", "HANDS"),
        *("BWS", "ADDOME", "BACINO", "QUADRIL", "KOLANO", "CZASZKA", "BRZUCH", "OMUZ", "DİZ"),
        *("КОЛЕНО", "ГОЛОВА", "ЖИВОТ", "СТОПА", "ПОЗВОНОЧНИК", "颈椎", "脊柱", "骨盤", "骨盆"),
        *("HÜFTE", "ŁOKIEĆ", "KOLJENO", "SCHOUDER"),
    ),
}

VIEWS: dict[View, tuple[str, ...]] = {
    View.UNSAID: ("",),
    View.FRONTAL: (
        *("PA", "AP", "pa", "P.A.", "P-A", "A/P", "AP SUPINE", "PA ERECT", "AP PORTABLE"),
        *("POSTEROANTERIOR", "POSTERO-ANTERIOR", "ANTEROPOSTERIOR", "ANTERIOR POSTERIOR"),
        *("FRONTAL", "AP_SITTING", "PA VIEW", "正面", "FRENTE", "AP1"),
        *("POSTÉRO-ANTÉRIEUR", "ANTÉRO-POSTÉRIEUR", "DE FACE", "D.V.", "DORSOVENTRAL"),
        *("TYLNO-PRZEDNIE", "ARKA-ÖN", "ПРЯМОЙ", "ЗАДНЕ-ПЕРЕДНЯЯ", "後前位", "正位"),
    ),
    View.LATERAL: (
        *("LL", "RL", "LAT", "LATERAL", "LEFT LATERAL", "L LAT", "LLAT", "XTABLE LAT"),
        *("LATERO-LATERAL", "RAO", "LAO", "RPO", "LPO", "RLO", "LLO", "OBL", "OBLIQUE"),
        *("AP LAT", "PROFIL", "PERFIL", "SEITLICH", "LATERALE", "OBLICUA", "БОКОВАЯ", "側面"),
        *("XTABLELAT", "X-TABLE LAT", "PA OBLIQUE", "Lateral", "lateral erect", "R-LATERAL"),
        *("DE PROFIL", "SEITE", "LINKS SEITL", "SEITENAUFNAHME", "BOCZNE", "SKOŚNE", "YAN GRAFİ"),
        *("OBLİK", "L-R", "LATL", "ЛЕВАЯ БОКОВАЯ", "КОСАЯ", "左侧位", "左側面"),
        *("BOČNO", "BOCNI", "ZIJWAARTS", "SIVUKUVA", "SIDOBILD"),
    ),
    View.UNKNOWN: (
        *("LLD", "RLD", "LEFT LATERAL DECUBITUS", "AP DECUBITUS", "LORDOTIC", "PORTABLE"),
        *("UNKNOWN", "SUPINE", "APEX", "AP LORDOTIC", "AP AXIAL", "LINDBLOM", "APICAL PA"),
        *("SEITENLAGE", "ANTERIOR", "L", "R"),
    ),
}  # fmt: skip

CODES: dict[View, tuple[tuple[str, str], ...]] = {
    View.FRONTAL: (
        *(("SRT R-10214", ""), ("SRT R-10206", ""), ("SRT R-40888", ""), ("SCT 272479007", "")),
        *(("SCT 399348003", ""), ("99LOCAL 7", "POSTERO-ANTERIOR")),
    ),
    View.LATERAL: (
        *(("SRT R-10236", ""), ("SRT R-10232", ""), ("SCT 399173006", ""), ("SCT 399198007", "")),
        *(("SCT 399067008", ""), ("SCT 399135007", ""), ("99LOCAL 8", "LEFT LATERAL")),
    ),
    View.UNKNOWN: (("99LOCAL 9", ""), ("SCT 399061009", "AXIAL")),
}


@pytest.mark.parametrize(("part", "text"), [(p, text) for p in PARTS for text in PARTS[p]])
def test_body_part(part: Part, text: str) -> None:
    assert part_shown(Acquisition(64, 64, body_part=text)) == (part, text)


@pytest.mark.parametrize(("view", "text"), [(v, text) for v in VIEWS for text in VIEWS[v]])
def test_view(view: View, text: str) -> None:
    assert view_shown(Acquisition(64, 64, view=text)) == (view, text)


@pytest.mark.parametrize(("view", "code"), [(v, code) for v in CODES for code in CODES[v]])
def test_view_code(view: View, code: tuple[str, str]) -> None:
    assert view_shown(Acquisition(64, 64, view_codes=(Coded(*code),)))[0] is view


CHEST, HAND = Coded("SCT 51185008"), Coded("SCT 85562004", "HAND")


def test_regions_count_like_the_body_part() -> None:
    assert part_shown(Acquisition(64, 64, regions=(CHEST,)))[0] is Part.CHEST
    assert part_shown(Acquisition(64, 64, regions=(HAND,)))[0] is Part.ELSEWHERE
    both = Acquisition(64, 64, body_part="CHEST", regions=(HAND,))
    assert part_shown(both) == (Part.UNKNOWN, "CHEST, HAND")
    assert part_shown(Acquisition(64, 64, body_part="THORAX", regions=(CHEST,)))[0] is Part.CHEST


LATERAL = Coded("SRT R-10236", "left lateral")


def test_views_that_contradict_one_another_are_not_known() -> None:
    assert view_shown(Acquisition(64, 64, view="PA", view_codes=(LATERAL,)))[0] is View.UNKNOWN
    assert view_shown(Acquisition(64, 64, view="LL", view_codes=(LATERAL,)))[0] is View.LATERAL
    assert view_shown(Acquisition(64, 64, view="PA", rows_run="A"))[0] is View.UNKNOWN
    assert view_shown(Acquisition(64, 64, view="PA", rows_run="L"))[0] is View.FRONTAL


PROJECTIONS = {
    "AP": ("AP", "a.p.", "anteroposterior", "AP PORTABLE", "przednio-tylne", "前後"),
    "PA": ("PA", "P.A.", "POSTEROANTERIOR", "PA ERECT", "tylno-przednie", "後前"),
    "": ("", "FRONTAL", "AP/PA", "LL", "PA LATERAL", "AP decubitus"),
}


@pytest.mark.parametrize(
    ("view", "text"), [(v, text) for v in PROJECTIONS for text in PROJECTIONS[v]]
)
def test_ap_or_pa(view: str, text: str) -> None:
    assert projection_shown(Acquisition(64, 64, view=text)) == view


def test_ap_or_pa_by_code() -> None:
    pa, front = Coded("SCT 272479007"), Coded("SCT 399033003")
    assert projection_shown(Acquisition(64, 64, view_codes=(pa,))) == "PA"
    assert projection_shown(Acquisition(64, 64, view="PA", view_codes=(front,))) == "PA"
    assert projection_shown(Acquisition(64, 64, view="AP", view_codes=(pa,))) == ""


def test_rows_from_front_to_back_are_a_lateral_view() -> None:
    for rows in ("A", "P", "PL"):
        assert view_shown(Acquisition(64, 64, rows_run=rows))[0] is View.LATERAL
    for rows in ("L", "R", "LP", "F", ""):
        assert view_shown(Acquisition(64, 64, rows_run=rows))[0] is View.UNSAID


def test_description_warns_at_most_and_is_not_quoted() -> None:
    described = Acquisition(64, 64, description="CHEST LAT OF MRS DOE")
    view, text = view_shown(described)
    assert view is View.UNKNOWN
    assert "DOE" not in text
    assert view_shown(Acquisition(64, 64, view="PA", description="PA & LAT"))[0] is View.FRONTAL
    for said in ("CHEST PA", "CHEST PA AND LAT"):  # the latter names what was asked for
        assert view_shown(Acquisition(64, 64, description=said))[0] is View.UNSAID


PARTS_AND_VIEWS = (
    ("chest", "near-chest", "elsewhere"),
    ("lateral", "unusual", "frontal", "ap", "pa"),
)


@pytest.mark.parametrize("names", PARTS_AND_VIEWS)
def test_no_word_means_two_things(names: tuple[str, ...]) -> None:
    tables = tomllib.loads(Path(header.__file__).with_name("words.toml").read_text("utf-8"))
    for kind in ("words", "parts", "codes"):
        entries = [entry for name in names for entry in tables[name][kind]]
        assert len(entries) == len(set(entries))
