"""Addresses of the pages of the map, grouped by what they are about."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from kfmap.web.browse import (
    contexts,
    home,
    kernels,
    kfunc,
    kfuncs,
    search,
    search_names,
    sets,
    struct_ops,
)
from kfmap.web.compare import compare
from kfmap.web.decoder import decode
from kfmap.web.evidence import kept, probe
from kfmap.web.findings import findings
from kfmap.web.graphs import graphs
from kfmap.web.handbook import handbook
from kfmap.web.matrix import matrix
from kfmap.web.mechanisms import mechanisms
from kfmap.web.questions import question
from kfmap.web.uploads import add_kernel, kernel_uploads
from kfmap.web.what_if import what_if

_matrix = [
    path("", matrix.show_matrix, name="matrix"),
    path("data.json", matrix.give_data, name="matrix-data"),
]
_graphs = [
    path("", graphs.list_graphs, name="graphs"),
    path("callbacks/<str:struct_ops>/", graphs.show_callbacks, name="graph-callbacks"),
    path("classes/<str:struct_ops>/", graphs.show_classes, name="graph-classes"),
    path("shared/<str:first>/<str:second>/", graphs.show_shared, name="graph-shared"),
]
_what_if = [
    path("", what_if.show_what_if, name="kernel-what-if"),
    path("add/", what_if.add_edit, name="what-if-add"),
    path("keep/", what_if.keep, name="what-if-keep"),
]
_uploads = [
    path("", kernel_uploads.show_uploads, name="kernel-uploads"),
    path("check/", kernel_uploads.check_uploads, name="kernel-uploads-check"),
]
_adding = [
    path("", add_kernel.add_kernel, name="kernel-add"),
    path("<int:pk>/", add_kernel.show_addition, name="kernel-addition"),
    path("<int:pk>/progress/", add_kernel.show_addition_progress, name="kernel-addition-progress"),
    path("<int:pk>/cancel/", add_kernel.cancel_addition, name="kernel-addition-cancel"),
    path("<int:pk>/drop/", add_kernel.drop_estimate, name="kernel-estimate-drop"),
]
_kernel: list[URLPattern | URLResolver] = [
    path("", kernels.show_kernel, name="kernel"),
    path("names.json", question.list_names, name="names"),
    path("matrix/", include(_matrix)),
    path("kfuncs/", kfuncs.list_kfuncs, name="kfuncs"),
    path("kfuncs/<path:kfunc>/", kfunc.show_kfunc, name="kfunc"),
    path("contexts/<path:context>/", contexts.show_context, name="context"),
    path("struct-ops/<str:struct_ops>/", struct_ops.show_struct_ops, name="struct-ops"),
    path("struct-ops/<str:struct_ops>/<str:member>/", struct_ops.show_member, name="member"),
    path("sets/<path:set_id>/", sets.show_set, name="set"),
    path("filters/<path:filter_id>/", sets.show_filter, name="filter"),
    path("hooks/<str:hook>/", sets.show_hook, name="hook"),
    path("graphs/", include(_graphs)),
    path("mechanisms/", mechanisms.show_mechanisms, name="kernel-mechanisms"),
    path("findings/", findings.show_findings, name="kernel-findings"),
    path("what-if/", include(_what_if)),
    path("drop/", what_if.drop, name="variant-drop"),
    path("uploads/", include(_uploads)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.show_home, name="home"),
    path("can-call/", question.show_answer, name="can-call"),
    path("kernels/", kernels.list_kernels, name="kernels"),
    path("kernels/add/", include(_adding)),
    path("kernels/mine/", add_kernel.add_mine, name="my-kernel"),
    path("kernels/<str:kernel>/", include(_kernel)),
    path("newest/<slug:page>/", kernels.go_to_newest, name="newest"),
    path("kfuncs/<path:kfunc>/", kfunc.go_to_kfunc, name="any-kfunc"),
    path("compare/", compare.choose, name="compare"),
    path("compare/<str:old>/<str:new>/", compare.show_changes, name="changes"),
    path("decode/", decode.show_decoder, name="decode"),
    path("probe/", probe.show_probe, name="probe"),
    path("probe/probe.c", probe.give_source, name="probe-source"),
    path("probe/names.txt", probe.give_names, name="probe-names"),
    path("evidence/<str:sha256>/", kept.show_evidence, name="evidence"),
    path("search/", search.search, name="search"),
    path("search/names.json", search_names.give_names, name="search-names"),
    path("docs/", handbook.show_contents, name="handbook"),
    path("docs/<str:page>/", handbook.show_page, name="handbook-page"),
    path("graph.css", graphs.give_style, name="graph-style"),
]
