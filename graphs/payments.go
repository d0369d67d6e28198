package graphs

// Filled returns an effect with what it leaves out.
func Filled(e Effect) Effect {
	if kind := effectKindOf(e.Kind); kind != nil {
		kind.fill(&e)
	}
	return e
}

// OpensPayments reports whether an action of the graph asks for money by itself.
func (g *Graph) OpensPayments() bool {
	for i := range g.States {
		for _, a := range g.States[i].Actions {
			for _, e := range a.Effects {
				if e.Kind == OpenPaymentEffect {
					return true
				}
			}
		}
	}
	return false
}
