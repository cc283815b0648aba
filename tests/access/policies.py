"""Evaluates the role's admission policies without an API server, by the CEL project's own implementation.

What Kubernetes adds to CEL (https://kubernetes.io/docs/reference/using-api/cel/) is only the two functions that the
policies use; quantities are read by the Kubernetes client's parser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from cel_expr_python import cel
from kubernetes.utils.quantity import parse_quantity

CONTROLLER = "system:serviceaccount:detnet-system:detnet-controller"
SOMEBODY = "jane"
SETTER = "operator"
_PLURALS = {"Pod": "pods", "Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
_DYN, _INT, _TEXT = cel.Type.DYN, cel.Type.INT, cel.Type.STRING


class EvaluationError(Exception):
    """An expression has no value; the failure policy says what that means."""


def denials(
    objects: Sequence[Mapping[str, Any]], old: Mapping[str, Any] | None, new: Mapping[str, Any], user: str = CONTROLLER
) -> list[str]:
    """Return the messages of what fails when ``user`` makes ``new`` of ``old`` (``None``: creates it)."""
    messages: list[str] = []
    for policy in (one["spec"] for one in objects if one["kind"] == "ValidatingAdmissionPolicy"):
        try:
            messages += _denials(policy, old, new, user)
        except EvaluationError as error:
            assert policy["failurePolicy"] == "Fail"
            messages.append(str(error))
    return messages


def _denials(
    policy: Mapping[str, Any], old: Mapping[str, Any] | None, new: Mapping[str, Any], user: str
) -> Sequence[str]:
    rules = policy["matchConstraints"]["resourceRules"]
    operation = "CREATE" if old is None else "UPDATE"
    if not any(_PLURALS[new["kind"]] in rule["resources"] and operation in rule["operations"] for rule in rules):
        return ()
    known: dict[str, Any] = {
        "object": new,
        "oldObject": old,
        "request": {"userInfo": {"username": user, "groups": ["system:authenticated"]}},
    }
    if not all(_matches(one["expression"], known) for one in policy["matchConditions"]):
        return ()
    variables: dict[str, Any] = {}
    known["variables"] = variables
    for one in policy["variables"]:
        variables[one["name"]] = _evaluated(one["expression"], known)
    failed = [one for one in policy["validations"] if not _evaluated(one["expression"], known)]
    return [
        _evaluated(one["messageExpression"], known) if "messageExpression" in one else one["message"] for one in failed
    ]


def _matches(expression: str, known: Mapping[str, Any]) -> bool:
    """Whether a condition holds; the authorizer is Kubernetes' own, and knows here the one who may set classes."""
    if "authorizer." in expression:
        return bool(known["request"]["userInfo"]["username"] != SETTER)
    return bool(_evaluated(expression, known))


def _evaluated(expression: str, known: Mapping[str, Any]) -> Any:
    value = _compiled(expression).eval(data=known)
    if value.type() == cel.Type.ERROR:
        raise EvaluationError(f"{expression}: {value.plain_value()}")
    return value.plain_value()


@cache
def _compiled(expression: str) -> Any:
    return _environment().compile(expression)


@cache
def _environment() -> Any:
    def function(name: str, returns: Any, takes: list[Any], body: Any, *, member: bool) -> Any:
        overload = cel.Overload(f"{name}_here", return_type=returns, parameters=takes, is_member=member, impl=body)
        return cel.FunctionDecl(name, [overload])

    return cel.NewEnv(
        variables=dict.fromkeys(("object", "oldObject", "request", "variables"), _DYN),
        functions=[
            function("quantity", _INT, [_TEXT], _millis, member=False),
            function("compareTo", _INT, [_INT, _INT], lambda one, other: (one > other) - (one < other), member=True),
            function("join", _TEXT, [cel.Type.List(_TEXT), _TEXT], lambda parts, by: by.join(parts), member=True),
        ],
    )


def _millis(text: str) -> int:
    value: Decimal = parse_quantity(text) * 1000
    return int(value)
