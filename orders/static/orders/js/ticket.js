// Prints the ticket at once when the board opened it for that, and again on the button.

document.getElementById("print").addEventListener("click", () => print());
if (new URLSearchParams(location.search).has("print")) addEventListener("load", () => print());
