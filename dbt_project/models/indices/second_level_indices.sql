{{ roll_up(2, [ref('indicator_scores')]) }}
