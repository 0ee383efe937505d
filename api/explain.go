package api

import (
	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/money"
)

// appendExplain appends why the price is what it is: the rate of the next unit, and
// how far each side is filled.
func appendExplain(w *wire.Writer, all *engine.Alternatives) {
	pl := &all.Best.Plan
	w.Key("explain").Open('{')
	w.Key("marginal_rate")
	appendRate(w, int64(all.Margin.Out), pl.Buy.EngineScale, int64(all.Margin.In), pl.Sell.EngineScale, money.Down)
	w.Key("sides").Open('[')
	for i := range all.Uses {
		appendUse(w, &all.Uses[i])
	}
	w.Close(']')
	w.Close('}')
}

// appendUse appends how far one side is filled.
func appendUse(w *wire.Writer, u *route.Use) {
	w.Open('{')
	w.Key("venue").Str(u.Key.Venue)
	w.Key("market").Str(u.Key.Pair.String())
	w.Key("side").Str(u.Action.String())
	w.Key("levels_used").Int(int64(u.Levels))
	w.Key("levels").Int(int64(u.Of))
	w.Key("last_rate")
	appendRate(w, int64(u.Last.Out), u.Get.EngineScale, int64(u.Last.In), u.Give.EngineScale, money.Down)
	w.Key("last_level_left").Bool(u.Left)
	w.Key("shadow_bps")
	if u.Shadow < 0 {
		w.Null()
	} else {
		w.Begin()
		w.B = money.AppendFixed(w.B, u.Shadow, 4)
		w.End()
	}
	w.Close('}')
}
