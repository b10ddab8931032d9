"""Addresses of the pages of the map."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from kfmap.web.browse import contexts, home, kernels, kfunc, kfuncs, search, sets, struct_ops
from kfmap.web.compare import compare
from kfmap.web.decoder import decode
from kfmap.web.graphs import graphs
from kfmap.web.matrix import matrix
from kfmap.web.questions import question

_kernel = [
    path("", kernels.show_kernel, name="kernel"),
    path("names.json", question.list_names, name="names"),
    path("matrix/", matrix.show_matrix, name="matrix"),
    path("matrix/data.json", matrix.give_data, name="matrix-data"),
    path("kfuncs/", kfuncs.list_kfuncs, name="kfuncs"),
    path("kfuncs/<path:name>/", kfunc.show_kfunc, name="kfunc"),
    path("contexts/<path:name>/", contexts.show_context, name="context"),
    path("struct-ops/<str:name>/", struct_ops.show_struct_ops, name="struct-ops"),
    path("struct-ops/<str:struct_ops>/<str:name>/", struct_ops.show_member, name="member"),
    path("sets/<path:set_id>/", sets.show_set, name="set"),
    path("filters/<path:filter_id>/", sets.show_filter, name="filter"),
    path("hooks/<str:name>/", sets.show_hook, name="hook"),
    path("graphs/", graphs.list_graphs, name="graphs"),
    path("graphs/callbacks/<str:struct_ops>/", graphs.show_callbacks, name="graph-callbacks"),
    path("graphs/classes/<str:struct_ops>/", graphs.show_classes, name="graph-classes"),
    path("graphs/shared/<str:first>/<str:second>/", graphs.show_shared, name="graph-shared"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.show_home, name="home"),
    path("can-call/", question.show_answer, name="can-call"),
    path("kernels/", kernels.list_kernels, name="kernels"),
    path("", include("kfmap.web.mechanism_urls")),
    path("kernels/<str:kernel>/", include(_kernel)),
    path("newest/<slug:page>/", kernels.go_to_newest, name="newest"),
    path("kfuncs/<path:name>/", kfunc.go_to_kfunc, name="any-kfunc"),
    path("compare/", compare.choose, name="compare"),
    path("compare/<str:old>/<str:new>/", compare.show_changes, name="changes"),
    path("decode/", decode.decode_log, name="decode"),
    path("search/", search.search, name="search"),
    path("graph.css", graphs.give_style, name="graph-style"),
]
