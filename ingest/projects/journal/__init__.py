"""What happened, for people: sessions, days and projects as journals, shown and exported."""
