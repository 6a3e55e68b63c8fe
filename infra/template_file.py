"""Reads a template of CloudFormation, which has tags that YAML does not know."""

from __future__ import annotations

from typing import Any

import yaml


class Loader(yaml.SafeLoader):
    """Reads a template; `!Ref x` becomes `{"Ref": "x"}`."""


def function(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """A function of CloudFormation, in its long form."""
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", function)


def read(template: str) -> dict[str, Any]:
    """The template; its functions are objects."""
    parsed: dict[str, Any] = yaml.load(template, Loader)
    return parsed
