"""The API of work orders: each part has its own router."""

from openhtm.workorders.api.lists import router as lists
from openhtm.workorders.api.moves import router as moves
from openhtm.workorders.api.orders import router as orders
from openhtm.workorders.api.qualification import router as qualification
from openhtm.workorders.api.records import router as records
from openhtm.workorders.api.reports import router as reports
from openhtm.workorders.api.results import router as results
from openhtm.workorders.api.spending import router as spending

routers = (orders, moves, records, spending, lists, results, qualification, reports)
