"""The scheduling vendor: service areas, calendars, slots, holds and visits."""
