package main

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// path is the request of an order.
func (o *order) path() string { return "/v1/price?" + o.query().Encode() }

func (o *order) query() url.Values {
	q := url.Values{"sell_asset": {o.sell}, "buy_asset": {o.buy}}
	if o.sellAmount != "" {
		q.Set("sell_amount", o.sellAmount)
	} else {
		q.Set("buy_amount", o.buyAmount)
	}
	if o.maxHops > 0 {
		q.Set("max_hops", strconv.Itoa(o.maxHops))
	}
	if len(o.only) > 0 {
		q.Set("only_venues", strings.Join(o.only, ","))
	}
	if len(o.exclude) > 0 {
		q.Set("exclude_venues", strings.Join(o.exclude, ","))
	}
	if o.strategy != "" {
		q.Set("strategy", o.strategy)
	}
	if o.maxSettle != 0 {
		q.Set("max_settlement_ms", strconv.FormatInt(o.maxSettle.Milliseconds(), 10))
	}
	return q
}

func escape(s string) string { return url.PathEscape(s) }

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

// medianWorst returns the median and the largest of a list, "-" if it is empty.
func medianWorst(list []int) (median, worst string) {
	if len(list) == 0 {
		return "-", "-"
	}
	slices.Sort(list)
	return strconv.Itoa(list[len(list)/2]), strconv.Itoa(list[len(list)-1])
}
