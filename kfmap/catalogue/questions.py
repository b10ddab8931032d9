"""Can this context call this kfunc on this kernel: the question of commands, API and pages."""

from __future__ import annotations

import json
from collections.abc import Mapping

from kfmap.permission.answers import Answer, answer
from kfmap.permission.asking import AmbiguousContextError
from kfmap.permission.context_text import ContextError, read_context
from kfmap.permission.context_words import render_context
from kfmap.permission.outcome import OutcomeJudge


class QueryError(ValueError):
    """The query cannot be read; the message says which part and what is expected.

    `candidates` are the short names of the contexts that the query may mean, if it means several.
    """

    def __init__(self, message: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


def ask_json(judge: OutcomeJudge, text: str) -> Answer:
    """Answer one JSON query: {"context": an object or a name, "kfunc": a name}.

    Raises QueryError for what is no query.
    """
    try:
        query = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError(f"not JSON: {error}") from error
    if not isinstance(query, Mapping) or not isinstance(query.get("kfunc"), str):
        raise QueryError('a query is an object: {"context": ..., "kfunc": "name"}')
    return ask(judge, query.get("context"), query["kfunc"])


def ask(judge: OutcomeJudge, given: object, kfunc: str) -> Answer:
    """Answer for a context in words or in its JSON form.

    Raises QueryError where the words name no context, or several that are answered differently.
    """
    try:
        if isinstance(given, str):
            return answer(judge, given, kfunc)
        context = read_context(given)
    except AmbiguousContextError as error:
        candidates = tuple(render_context(context) for context in error.candidates)
        raise QueryError(str(error), candidates) from error
    except ContextError as error:
        raise QueryError(str(error)) from error
    return Answer(context, kfunc, judge.decide(context, kfunc))
