"""Operations: keys and epochs, health. What runs the house, not what it is for."""
