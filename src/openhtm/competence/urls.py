"""Addresses of competence."""

from openhtm.competence.views import matrix, plan, policies, records

app_name = "competence"
urlpatterns = [*matrix.urlpatterns, *records.urlpatterns, *plan.urlpatterns, *policies.urlpatterns]
