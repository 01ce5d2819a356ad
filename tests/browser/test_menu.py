"""The menu in the browser: Bo writes it, Ada chooses from it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit
from tests.browser.steps import choose_door, log_in, sign_up

EDITOR = "/kitchen/bos-kitchen/menu/"


def open_editor(visit: Visit, **options: Any) -> Page:
    page = visit("/login/", **options)
    log_in(page, "Bo", EDITOR)
    expect(page.get_by_role("heading", name="Dishes")).to_be_visible()
    return page


def save(page: Page) -> None:
    dialog = page.get_by_role("dialog").last
    dialog.get_by_role("button", name="Save").click()


def dish(page: Page, name: str) -> Any:
    return page.get_by_role("listitem").filter(has_text=re.compile(f"^{name}"))


def guests_menu(page: Page) -> dict[str, dict[str, Any]]:
    sections = page.request.get("/api/v1/restaurants/bos-kitchen/").json()["menu"]["sections"]
    return {item["name"]: item for section in sections for item in section["items"]}


def test_a_dish_is_written_counted_and_sold_out_for_today(visit: Visit) -> None:
    page = open_editor(visit)
    page.get_by_role("button", name="Dish", exact=True).click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Borscht")
    form.get_by_label(re.compile("Price")).fill("9.90")
    form.get_by_label(re.compile("Pieces left")).fill("3")
    form.get_by_text("Celery").click()
    form.get_by_text("Vegetarian").click()
    save(page)
    expect(dish(page, "Borscht")).to_contain_text("3 left")
    written = guests_menu(page)["Borscht"]
    assert (written["price"]["amount_minor"], written["left"], written["allergens"]) == (990, 3, ["celery"])

    page.get_by_role("switch", name="Sell Borscht").uncheck(force=True)
    expect(dish(page, "Borscht")).to_contain_text("Sold out until")
    page.get_by_role("switch", name="Sell Borscht").check(force=True)
    expect(dish(page, "Borscht")).not_to_contain_text("Sold out")

    dish(page, "Borscht").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Take off the menu").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Take off", exact=True).click()
    expect(dish(page, "Borscht")).to_have_count(0)


def test_a_question_that_an_answer_opens_from_both_sides(visit: Visit) -> None:
    bo = open_editor(visit)
    dish(bo, "Burger").get_by_role("button").click()
    bo.get_by_role("button", name="Questions and options").click()
    bo.get_by_role("button", name="Add a question").click()
    bo.get_by_label("Question", exact=True).fill("Which sauce?")
    bo.get_by_label("At least").fill("1")
    bo.get_by_label("Asked of").select_option(label="Who chose “Large”")
    save(bo)
    for name, price in [("Plain", "0"), ("Truffle", "0.80")]:
        box = bo.locator(".group-box.nested")
        box.get_by_role("button", name="Add an answer").click()
        bo.get_by_role("textbox", name="Answer").fill(name)
        bo.get_by_label(re.compile("Adds to the price")).fill(price)
        save(bo)
        expect(box).to_contain_text(name)

    ada = visit("/", size=PHONE)
    sign_up(ada)
    choose_door(ada)
    ada.goto("/restaurants/bos-kitchen/")
    ada.get_by_role("button", name=re.compile("^Burger")).click()
    dialog = ada.get_by_role("dialog")
    expect(dialog.get_by_text("Which sauce?")).to_be_hidden()
    dialog.get_by_label(re.compile("^Large")).check()
    expect(dialog.get_by_text("Which sauce?")).to_be_visible()
    dialog.get_by_role("button", name=re.compile("Add to cart")).click()
    expect(dialog).to_be_visible()
    dialog.get_by_label(re.compile("^Truffle")).check()
    expect(dialog.get_by_role("button", name=re.compile("Add to cart"))).to_contain_text("17.80")
    dialog.get_by_role("button", name=re.compile("Add to cart")).click()
    ada.get_by_role("button", name=re.compile("View cart")).click()
    expect(ada.get_by_role("dialog")).to_contain_text("Large, Truffle")
    expect(ada.get_by_role("dialog").get_by_text("Total")).to_be_visible()


def test_hours_and_marks_are_seen_and_filtered(visit: Visit) -> None:
    bo = open_editor(visit)
    bo.get_by_role("button", name="Add a section").click()
    form = bo.get_by_role("dialog")
    form.get_by_label("Name").fill("Night kitchen")
    form.get_by_label("From").fill("03:00")
    form.get_by_label("Until").fill("03:01")
    save(bo)
    block = bo.locator(".menu-block").filter(has_text="Night kitchen")
    expect(block).to_contain_text("03:00–03:01")
    block.get_by_role("button", name="Dish").click()
    form.get_by_label("Name").fill("Toast")
    form.get_by_label(re.compile("Price")).fill("5")
    form.get_by_text("Vegan").click()
    form.get_by_text("Nuts", exact=True).click()
    save(bo)
    expect(dish(bo, "Toast")).to_be_visible()

    ada = visit("/restaurants/bos-kitchen/")
    toast = ada.get_by_role("button", name=re.compile("^Toast"))
    expect(toast).to_be_disabled()
    expect(toast).to_contain_text("From")
    ada.get_by_text("Vegan", exact=True).first.click()
    expect(toast).to_be_visible()
    expect(ada.get_by_role("button", name=re.compile("^Soup"))).to_be_hidden()
    ada.get_by_text("Leave out allergens").click()
    ada.get_by_text("No nuts").click()
    expect(ada.get_by_text("No dish of this menu suits all of that.")).to_be_visible()


def test_a_file_says_what_it_would_do_first(visit: Visit) -> None:
    page = open_editor(visit)
    page.get_by_role("button", name="Import").click()
    chosen = page.get_by_label("File")
    right = b"kind,key,parent,name,price_minor\nsection,tea,,Tea room,\nitem,t,tea,Tea,350\n"
    chosen.set_input_files({"name": "menu.csv", "mimeType": "text/csv", "buffer": right})
    expect(page.get_by_text("2 new, 0 changed, 0 rows as before.")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(dish(page, "Tea")).to_be_visible()
    assert guests_menu(page)["Tea"]["price"]["amount_minor"] == 350


def test_a_wrong_file_is_told_line_by_line(visit: Visit, console: Any) -> None:
    console.expect("/catalogue/import/")
    page = open_editor(visit)
    page.get_by_role("button", name="Import").click()
    wrong = b"kind,key,parent,name,price_minor\nitem,x,none,Tea,100\n"
    page.get_by_label("File").set_input_files({"name": "menu.csv", "mimeType": "text/csv", "buffer": wrong})
    expect(page.get_by_role("cell", name="parent")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Import")).to_be_disabled()
