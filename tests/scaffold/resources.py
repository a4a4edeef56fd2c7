"""A project's tables and every shape of resource, for tests."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from devtool.scaffold.resource import sql_words
from devtool.scaffold.resource.kinds import KINDS
from devtool.scaffold.resource.parsing import parse
from devtool.scaffold.resource.resource import Resource, Target

USER = Target("user", "users", "str", "user", "User")
TASK = Target("task", "tasks", "int", "task", "Task", is_owned=True)
TAG = Target("tag", "tags", "int", "tag", "Tag", is_owned=True, tells_in_use=True)
TABLES = {target.name: target for target in (USER, TASK, TAG)}
INVOICE = (
    "number:str(40)! amount:decimal due:date? status:enum(draft,sent,paid) customer:ref(user)"
    " tags:many(tag)"
)


def made(name: str, words: str) -> Resource:
    """A resource in a project with users, tasks and tags."""
    return parse(name, words.split(), TABLES)


def shapes() -> Iterator[Resource]:
    """Every type with every mark, references of all kinds, and names short and long."""
    for kind in KINDS:
        name = re.sub(r"\W+", "", kind)
        words = [f"plain:{kind}", f"needed_{name}:{kind}!", f"maybe_{name}:{kind}?"]
        yield made(f"Of{name.capitalize()}", " ".join(words))
        yield made(f"Only{name.capitalize()}", f"{name}_itself:{kind}")
    yield made(
        "Stock",
        "rank:int=3 price:decimal(8,2)=9.5 share:float=0.5 open:bool=true kind:str=plain"
        " far:bigint?=-7 note:text=-",
    )
    resources = ("Box", "OrderLine", "LongerThanOther")
    columns = ("a", "customer_number", "a_rather_long_name_for_it")
    marks = ("", "!", "?")
    for (name, field, mark), number in zip(
        itertools.product(resources, columns, marks), itertools.count()
    ):
        more = (
            f"{field}:str({number + 5}){mark} {field}_x:enum(one,two,three-and-more){mark}"
            f" {field}_u:ref(user){mark} tasks:many(task) friends:many(user)"
        )
        yield made(f"{name}{number}", more)
        yield made(f"{name}Q{number}", f"{field}:ref(task){mark} t:ref(tag,cascade){mark}")
    yield made("Invoice", INVOICE)
    yield made(
        "Node", "parent:ref(node)? related:many(node) date:date? time:time! datetime:datetime"
    )
    yield made(
        "Code", "code:str(12)!@unique day:date!@unique  of:ref(user) n:int@unique u:uuid@unique"
    )
    for length in range(8, 24):  # links whose tests have lines just as long as lines may be
        yield made(f"Linked{length}", f"name:str {'l' * length}s:many(tag)")
    longest = "a_name_as_long_as_the_names_of_fields_go"
    for mark in ("", "!", "?"):
        more = f"{longest}:str{mark} b{longest[1:]}:enum(x,y){mark} c{longest[1:]}:list(str){mark}"
        yield made("AbcdefghAbcdefgAbcdefg", more)
    yield made("Part", "tag:ref(tag,restrict)! other:ref(tag,null)? text:text")
    # Names that generated code, SQL or a formatter could stumble over.
    yield made("Bookmark", "page:str read:enum(a,b) query:text create:str patch:str replace:str!")
    yield made("Comment", "text:text comment:ref(comment)? comment_x:int")
    yield made("Group", "groups:many(group) field:str tags:many(tag)")
    yield made("Version", "client:str")
    yield made("Change", "who:str(3)@unique tenth:decimal(1,1)@unique one:decimal(1,0)@unique")
    taken = "values record on changes data owner seen connection replaces ids"
    yield made("Cart", " ".join(f"{name}:many(tag)" for name in taken.split()))
    yield made("Router", " ".join(f"{'abcdefgh'[n] * 9}:str" for n in range(8)))
    words = sorted(sql_words.RESERVED)
    yield made("Word", " ".join(f"{word}:str(9)" for word in words))
    yield made("Choice", " ".join(f"{word}:enum(a,b)!" for word in words if word != "limit"))
