from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "openhtm.exchange"
    label = "exchange"

    def ready(self) -> None:
        from openhtm.core import repeatable
        from openhtm.exchange.services.repeatable import answer_once

        repeatable.use(answer_once)
