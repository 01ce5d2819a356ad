"""Example answers for the API's description."""

from typing import Any

_RESTAURANT_ID = "01980000-0000-7000-8000-000000000010"
_ITEM_ID = "01980000-0000-7000-8000-000000000021"


def _eur(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


_OFFER = {
    "id": "01980000-0000-7000-8000-000000000071",
    "title": "20 % off lunch",
    "kind": "percent",
    "percent_bp": 2000,
    "amount": None,
    "maximum": _eur(800),
    "minimum": _eur(2000),
    "ends_at": "2026-05-31T21:00:00Z",
}
_CARD: dict[str, Any] = {
    "id": _RESTAURANT_ID,
    "slug": "luna-pizza",
    "name": "Luna Pizza",
    "kind": "restaurant",
    "cuisines": ["pizza", "italian"],
    "street": "Market Street 4",
    "lat": 60.1675,
    "lng": 24.9525,
    "price_level": 2,
    "rating": 4.6,
    "rating_count": 318,
    "distance_m": 840,
    "delivery_fee": _eur(290),
    "minimum_order": _eur(1000),
    "eta_minutes": {"from": 25, "to": 40},
    "open": True,
    "next_opening_at": None,
    "closes_at": "2026-05-04T19:00:00Z",
    "last_order_at": "2026-05-04T18:30:00Z",
    "picture_url": "/restaurants/luna-pizza/picture.svg",
    "promotions": [_OFFER],
    "dish": {"id": _ITEM_ID, "name": "Margherita", "price": _eur(1290)},
}

PAGE = {
    "results": [_CARD],
    "next": "https://api.example/api/v1/restaurants/?cursor=W2ZhbHNl&lat=60.17&lng=24.95",
    "previous": None,
    "count": 27,
    "cuisines": [{"name": "pizza", "count": 9}, {"name": "sushi", "count": 4}],
}

AREA = {
    "type": "Polygon",
    "coordinates": [[[24.93, 60.16], [24.96, 60.16], [24.96, 60.175], [24.93, 60.175], [24.93, 60.16]]],
}
FAVOURITES = {
    "results": [
        {
            "restaurant_id": _RESTAURANT_ID,
            "slug": "luna-pizza",
            "name": "Luna Pizza",
            "picture_url": "/restaurants/luna-pizza/picture.svg",
            "active": True,
        }
    ]
}

_SIZE = {
    "id": "01980000-0000-7000-8000-000000000031",
    "name": "Size",
    "min_choices": 1,
    "max_choices": 1,
    "options": [
        {
            "id": "01980000-0000-7000-8000-000000000041",
            "name": "Large",
            "price_delta": _eur(250),
            "available": True,
            "sold_out_until": None,
            "option_groups": [],
        }
    ],
}

DETAIL = _CARD | {
    "promotions": [],
    "dish": None,
    "description": "",
    "city": "Helsinki",
    "postcode": "00170",
    "phone": "",
    "timezone": "Europe/Helsinki",
    "currency": "EUR",
    "delivers_here": True,
    "hours": [{"weekday": 0, "opens": "11:00", "closes": "22:00"}],
    "delivery_area": AREA,
    "special_days": [{"date": "2026-06-19", "opens": None, "closes": None, "repeats_yearly": False}],
    "menu": {
        "sections": [
            {
                "id": "01980000-0000-7000-8000-000000000020",
                "name": "Pizza",
                "windows": [],
                "items": [
                    {
                        "id": _ITEM_ID,
                        "name": "Margherita",
                        "description": "Tomato, mozzarella, basil",
                        "price": _eur(1290),
                        "available": True,
                        "sold_out_until": None,
                        "left": None,
                        "served_now": True,
                        "next_served_at": None,
                        "windows": [],
                        "picture": "",
                        "allergens": ["gluten", "milk"],
                        "diets": ["vegetarian"],
                        "option_groups": [_SIZE],
                    }
                ],
            }
        ]
    },
}

CUISINES = {"results": [{"name": "pizza", "count": 31}, {"name": "sushi", "count": 18}]}

KITCHEN: dict[str, Any] = {
    "id": _RESTAURANT_ID,
    "slug": "luna-pizza",
    "name": "Luna Pizza",
    "role": "owner",
    "accepting": True,
    "paused_until": None,
    "prep_minutes": 20,
    "busy": None,
    "open": True,
    "next_opening_at": None,
    "closes_at": "2026-05-04T19:00:00Z",
    "last_order_at": "2026-05-04T18:30:00Z",
}

PAUSED_KITCHEN = KITCHEN | {
    "paused_until": "2026-05-04T16:30:00Z",
    "open": False,
    "next_opening_at": "2026-05-04T16:30:00Z",
    "closes_at": None,
    "last_order_at": None,
}

BUSY_KITCHEN = KITCHEN | {"busy": {"extra_minutes": 20, "until": "2026-05-04T17:30:00Z"}}

SOLD_OUT_ITEM = {"id": _ITEM_ID, "name": "Margherita", "available": False, "sold_out_until": None}

_LUNCH = {"weekdays": [0, 1, 2, 3, 4], "starts": "10:30", "ends": "15:00"}
_SECTION_ID = "01980000-0000-7000-8000-000000000020"

NEW_SECTION = {"name": "Lunch", "position": 2, "windows": [_LUNCH]}
NEW_ITEM = {
    "section_id": _SECTION_ID,
    "name": "Soup of the day",
    "price_minor": 1090,
    "stock": 12,
    "allergens": ["milk"],
    "diets": ["vegetarian"],
    "external_key": "soup-1",
}
NEW_GROUP = {"item_id": _ITEM_ID, "name": "Bread", "min_choices": 1, "max_choices": 1}
NEW_OPTION = {"group_id": _SIZE["id"], "name": "Large", "price_delta_minor": 250}

CATALOGUE = {
    "restaurant_id": _RESTAURANT_ID,
    "role": "owner",
    "may_edit": True,
    "currency": "EUR",
    "timezone": "Europe/Helsinki",
    "sections": [
        {
            "id": _SECTION_ID,
            "name": "Lunch",
            "position": 2,
            "external_key": "",
            "archived": False,
            "windows": [_LUNCH],
            "items": [
                {
                    "id": _ITEM_ID,
                    "name": "Soup of the day",
                    "position": 0,
                    "external_key": "soup-1",
                    "archived": False,
                    "available": True,
                    "sold_out_until": None,
                    "description": "",
                    "price": _eur(1090),
                    "allergens": ["milk"],
                    "diets": ["vegetarian"],
                    "stock": 12,
                    "windows": [],
                    "served_now": True,
                    "option_groups": [],
                }
            ],
        }
    ],
}

MENU_FILE = {
    "rows": [
        {"kind": "section", "key": "soups", "name": "Soups"},
        {"kind": "item", "key": "soup-1", "parent": "soups", "name": "Borscht", "price_minor": 990},
    ]
}

AUTOMATIC_PROMOTION = {
    "title": "20 % off lunch",
    "kind": "percent",
    "percent_bp": 2000,
    "maximum_minor": 800,
    "minimum_minor": 2000,
    "ends_at": "2026-05-31T21:00:00Z",
}
CODE_PROMOTION = {
    "title": "Welcome",
    "code": "WELCOME5",
    "kind": "amount",
    "amount_minor": 500,
    "first_order_only": True,
    "max_uses": 100,
}
PROMOTION_CHANGE = {"ends_at": "2026-05-04T21:00:00Z"}
