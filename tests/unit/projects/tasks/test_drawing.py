"""The graph as text for other programs: any label is escaped."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.projects.tasks.drawing import GroupBy, dot, mermaid, text, tree
from ingest.projects.tasks.model import Edge, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.text.sanitize import width


def task(name: str, words: str, state: TaskState = TaskState.READY) -> Task:
    return Task(
        id=name, text=words, state=state, derived_state=state, origin=Origin.PLAN,
        session="s", project="p", branch="main",
    )  # fmt: skip


PLAN = Roadmap(
    [task("aa", "Read", TaskState.DONE), task("bb", "Fix"), task("cc", "Ship")],
    [
        Edge("aa", "bb", EdgeKind.ORDER),
        Edge("bb", "cc", EdgeKind.DEPENDS),
        Edge("bb", "elsewhere", EdgeKind.PART),
    ],
)


def test_a_plan_is_drawn_for_mermaid() -> None:
    assert mermaid(PLAN).splitlines() == [
        "flowchart LR",
        '    taa["✓ Read"]:::done',
        '    tbb["○ Fix"]:::ready',
        '    tcc["○ Ship"]:::ready',
        "    taa -.-> tbb",
        "    tbb --> tcc",
        "    classDef done stroke:#2da44e",
        "    classDef ready stroke:#0969da",
    ]


def test_a_plan_is_drawn_for_graphviz() -> None:
    assert dot(PLAN).splitlines()[3:] == [
        '    "aa" [label="✓ Read", color="#2da44e"];',
        '    "bb" [label="○ Fix", color="#0969da"];',
        '    "cc" [label="○ Ship", color="#0969da"];',
        '    "aa" -> "bb" [style=dashed];',
        '    "bb" -> "cc" [style=solid];',
        "}",
    ]


def test_boxes_mark_edits_with_full_lines() -> None:
    assert text(PLAN).splitlines() == [
        "┌──────┐      ┌─────┐      ┌──────┐",
        "│✓ Read├╌╌╌╌╌▷│○ Fix├─────▶│○ Ship│",
        "└──────┘      └─────┘      └──────┘",
    ]
    assert text(PLAN, ascii=True).isascii()
    assert text(Roadmap()) == "\n"


def test_no_line_is_wider_than_the_terminal_and_a_pipe_gets_the_full_text() -> None:
    names = [f"t{n}" for n in range(8)]
    plan = Roadmap(
        [task(name, "Something that takes some words") for name in names],
        [Edge(one, other, EdgeKind.ORDER) for one, other in pairwise(names)],
    )
    lines = text(plan, columns=80).splitlines()
    assert lines[:2] == ["Session s on main", "├─ t0 ○ Something that takes some words"]
    assert max(map(width, text(plan, columns=20).splitlines())) == 20
    assert text(plan, columns=80, ascii=True).isascii()
    assert text(plan).count("Something that takes some") == 8


def test_a_tree_fits_80_columns_and_groups_by_session_or_goal() -> None:
    goal, step, agent, other = (
        task("aa", "Release it", TaskState.IN_PROGRESS),
        task("bb", "Write the changelog " * 6),
        task("cc", "Ask for what changed", TaskState.DONE),
        task("dd", "Fix the parser"),
    )
    goal.origin, other.session = Origin.GOAL, None
    plan = Roadmap(
        [goal, other, step, agent],
        [
            Edge("aa", "bb", EdgeKind.PART),
            Edge("bb", "cc", EdgeKind.PART),
            Edge("dd", "bb", EdgeKind.DEPENDS),
        ],
    )
    by_goal = tree(plan, GroupBy.GOAL, columns=80)
    assert by_goal.splitlines() == [
        "aa ● Release it",
        "├─ bb ○ Write the changelog Write the changelog Write the changelog…",
        "│    waits for dd ○ Fix the parser",
        "└─   cc ✓ Ask for what changed",
        "Without a goal",
        "└─ dd ○ Fix the parser",
    ]
    by_session = tree(plan, GroupBy.SESSION, columns=80).splitlines()
    assert [line for line in by_session if line[0] not in "├│└"] == [
        "Session s on main",
        "Added by people",
    ]
    assert max(map(width, by_session)) <= 80
    assert tree(plan, GroupBy.GOAL, ascii=True, columns=80).isascii()


def test_tasks_that_are_a_part_of_each_other_are_drawn_once() -> None:
    ring = Roadmap(
        [task("aa", "Read"), task("bb", "Fix")],
        [Edge("aa", "bb", EdgeKind.PART), Edge("bb", "aa", EdgeKind.PART)],
    )
    assert len(tree(ring, GroupBy.GOAL).splitlines()) == 3


@given(st.text(max_size=40))
def test_a_label_is_escaped(words: str) -> None:
    plan = Roadmap([task("aa", words), task("bb", "Fix")], [Edge("aa", "bb", EdgeKind.ORDER)])
    lines = mermaid(plan).split("\n")
    assert len(lines) == 6
    label = re.fullmatch(r'    taa\["(.*)"\]:::ready', lines[1])
    assert label
    assert not set('"[]()<>|`') & set(label[1])
    lines = dot(plan).split("\n")
    assert len(lines) == 8
    assert re.fullmatch(r'    "aa" \[label="([^"\\]|\\.)*", color="#0969da"\];', lines[3])
