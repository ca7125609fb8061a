"""Keyword rules → rule labels, each with the rule that fired and where."""

from shelver.rules.check import RulesReport, check_rules
from shelver.rules.conditions import Range, Words
from shelver.rules.matcher import Matcher, Matches
from shelver.rules.rule import Rule
from shelver.rules.rulefile import RuleSet, dump_rules, parse_rules, read_rules
from shelver.rules.stage import RulesStage, resolve_categories
from shelver.rules.suggest import suggest_rules

__all__ = [
    "Matcher", "Matches", "Range", "Rule", "RuleSet", "RulesReport", "RulesStage", "Words", "check_rules", "dump_rules",
    "parse_rules", "read_rules", "resolve_categories", "suggest_rules",
]  # fmt: skip
