{{ roll_up(0, [ref('indicator_scores'), ref('second_level_indices'), ref('first_level_indices')]) }}
