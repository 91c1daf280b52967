from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "openhtm.exchange"
    label = "exchange"
