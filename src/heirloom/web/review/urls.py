"""Addresses of a reviewer's pages."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.reviews, name="reviews"),
    path("<slug:key>/", views.review, name="review"),
    path("<slug:key>/autosave/", views.autosave, name="review-autosave"),
    path("<slug:key>/conflict/", views.conflict, name="review-conflict"),
    path("<slug:key>/decline/", views.decline, name="review-decline"),
]
