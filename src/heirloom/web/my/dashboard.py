"""The first page of a signed-in person: what waits for them, and what they work on."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from heirloom.calls import queries as calls
from heirloom.calls import rules
from heirloom.calls.models import Review
from heirloom.cases import queries as cases
from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.people.models import User
from heirloom.web.review.views import sealed_title


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show applications, cases, runs and reviews of this person."""
    user = request.user
    assert isinstance(user, User)
    open_calls = [call for call in calls.calls(user)[:20] if rules.may_apply(user, call)]
    return render(
        request,
        "heirloom/my/dashboard.html",
        {
            "submissions": list(calls.my_submissions(user)[:20]),
            "cases": list(cases.my_cases(user)[:20]),
            "items": list(
                Item.objects.filter(rights.visible_items(user), owner=user).order_by("-updated_at", "-pk")[:5]
            ),
            "runs": list(cases.runs_of(user)[:5]),
            "reviews": [
                (review, sealed_title(review.submission))
                for review in calls.my_reviews(user)
                if review.state != Review.State.FINAL
            ][:20],
            "replications": list(cases.replications_waiting(user)[:20]),
            "open_calls": open_calls,
        },
    )
