{{ roll_up(1, [ref('indicator_scores'), ref('second_level_indices')]) }}
