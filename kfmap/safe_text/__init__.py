"""Text written out so that names chosen by strangers harm nobody who reads it.

Objects, kernel trees and accounts bring names of any characters. This room makes them harmless in
terminals and reports (`printable`), in XML and SVG (`xml`) and in spreadsheets (`csv_rows`). It
imports nothing of kfmap, and everything may import it.
"""
