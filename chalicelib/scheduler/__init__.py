"""Jobs and their slots: what is due is handed over, judged, carried out and accounted for."""
