"""The first page of a signed-in person: what waits for them, and what they work on."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from heirloom.calls import queries as calls
from heirloom.calls import rules
from heirloom.cases import queries as cases


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show applications, cases, runs and reviews of this person."""
    user = request.user
    open_calls = [call for call in calls.calls(user)[:20] if rules.may_apply(user, call)]
    return render(
        request,
        "heirloom/my/dashboard.html",
        {
            "submissions": list(calls.my_submissions(user)[:20]),
            "cases": list(cases.my_cases(user)[:20]),
            "runs": list(cases.runs_of(user)[:5]),
            "reviews": [review for review in calls.my_reviews(user)[:20] if review.state != "final"],
            "open_calls": open_calls,
        },
    )
