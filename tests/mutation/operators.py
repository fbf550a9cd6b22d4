"""The small ways in which a module can be broken."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
}


class Mutant(NamedTuple):
    """A module broken in one way: where, how, and its code."""

    line: int
    says: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Yield the module in each broken form. Messages, annotations and docstrings are left as they are."""
    count = len(list(ast.walk(ast.parse(source))))
    for number in range(count):
        for choice in range(8):
            tree = ast.parse(source)
            node = list(ast.walk(tree))[number]
            parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
            if _in_annotation(node, parents):
                break
            ways = list(_ways(node))
            if choice >= len(ways):
                break
            before = ast.unparse(node)
            _put(tree, parents, node, ways[choice])
            yield Mutant(
                getattr(node, "lineno", 0),
                f"{before}  ->  {ast.unparse(ways[choice])}",
                ast.fix_missing_locations(tree),
            )


def _in_annotation(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    child: ast.AST | None = node
    while child is not None:
        parent = parents.get(child)
        if isinstance(parent, ast.AnnAssign) and child is parent.annotation:
            return True
        if isinstance(parent, ast.arg) or (
            isinstance(parent, ast.FunctionDef)
            and (child is parent.returns or child in parent.decorator_list)
        ):
            return True
        child = parent
    return False


def _put(tree: ast.Module, parents: dict[ast.AST, ast.AST], node: ast.AST, other: ast.AST) -> None:
    parent = parents[node]
    for name, value in ast.iter_fields(parent):
        if value is node:
            setattr(parent, name, other)
        elif isinstance(value, list):
            setattr(parent, name, [other if each is node else each for each in value])


def _ways(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in place of the node."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        other = copy.deepcopy(node)
        other.ops[0] = COMPARISONS[type(node.ops[0])]()
        yield other
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield node.left
        yield node.right
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        yield from node.values
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, bool, bytes):
        yield ast.Constant(_another(node.value))
    elif isinstance(node, ast.If | ast.IfExp):
        turned = copy.deepcopy(node)
        turned.test = ast.UnaryOp(ast.Not(), turned.test)
        yield turned
    elif isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Raise) and node.exc is not None:
        yield ast.Pass()
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        yield ast.Assign(node.targets, ast.Constant(None), lineno=node.lineno)


def _another(value: object) -> int | bytes:
    if isinstance(value, bytes):
        return value[:-1] + bytes((value[-1] ^ 1,)) if value else b"x"
    assert isinstance(value, int)
    return not value if isinstance(value, bool) else value + 1
